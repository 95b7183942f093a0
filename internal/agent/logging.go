package agent

import (
	"os"

	"go.uber.org/zap"
	"go.uber.org/zap/buffer"
	"go.uber.org/zap/zapcore"
)

// NewLogger logs to stderr: JSON with journal priorities ("<4>{...}") when the journal reads it,
// so that `journalctl -p warning` finds warnings, and readable lines otherwise.
func NewLogger(level zap.AtomicLevel) *zap.Logger {
	config := zap.NewProductionEncoderConfig()
	config.EncodeTime = zapcore.RFC3339TimeEncoder
	encoder := zapcore.NewConsoleEncoder(config)
	if os.Getenv("JOURNAL_STREAM") != "" {
		config.TimeKey = "" // the journal has its own
		encoder = priorityEncoder{zapcore.NewJSONEncoder(config)}
	}
	return zap.New(zapcore.NewCore(encoder, zapcore.Lock(os.Stderr), level))
}

// priorityEncoder puts the syslog priority that journald reads before each line.
type priorityEncoder struct{ zapcore.Encoder }

// priorities are those of sd-daemon(3).
var priorities = map[zapcore.Level]string{
	zapcore.DebugLevel: "<7>", zapcore.InfoLevel: "<6>", zapcore.WarnLevel: "<4>", zapcore.ErrorLevel: "<3>",
}

func (p priorityEncoder) Clone() zapcore.Encoder { return priorityEncoder{p.Encoder.Clone()} }

func (p priorityEncoder) EncodeEntry(e zapcore.Entry, fields []zapcore.Field) (*buffer.Buffer, error) {
	line, err := p.Encoder.EncodeEntry(e, fields)
	if err != nil {
		return nil, err
	}
	priority, ok := priorities[e.Level]
	if !ok {
		priority = "<2>"
	}
	out := buffers.Get()
	out.AppendString(priority)
	_, _ = out.Write(line.Bytes())
	line.Free()
	return out, nil
}

var buffers = buffer.NewPool()
