package site

import "context"

// Read is replaced by the node-level merge.
func Read(_ context.Context, sources []Source, _ Fetch) (Reading, error) {
	var m merger
	for _, s := range sources {
		for _, f := range s.Files {
			switch {
			case f.Err != nil:
				m.problems = append(m.problems, unreadable(f.Name, f.Err))
			case !f.Shared || concernsUs(f.Data):
				m.add(parse(f.Name, f.Data))
				m.Document = f.Data
			}
		}
	}
	return m.result()
}
