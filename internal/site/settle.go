package site

import "github.com/stylet-edge/stylet/pkg/api/v1alpha1"

// settle brings what was merged into the form in which it is used: old names become the new ones.
// What only shows when all files are known is a problem at the place of one of the keys.
func (m *merger) settle() {
	s := &m.Site
	if (s.Debug || s.Trace) && s.LogLevel == "" {
		s.LogLevel = "debug"
		m.move("debug", "logLevel")
		m.move("trace", "logLevel")
	}
	if s.InstallationMode != "" {
		mode := map[string]string{"connected": "central", "airgap": "local"}[s.InstallationMode]
		if s.ManagementMode != "" && s.ManagementMode != mode {
			m.contradict("managementMode", "installationMode", s.ManagementMode+" here, but "+s.InstallationMode)
		}
		s.ManagementMode, s.InstallationMode = mode, ""
		m.move("installationMode", "managementMode")
	}
	if s.EMC.Port != 0 {
		if s.LocalUI.Port != 0 && s.LocalUI.Port != s.EMC.Port {
			m.contradict("localUI.port", "emcServer.port", "another port than")
		}
		s.LocalUI.Port, s.EMC.Port = s.EMC.Port, 0
		m.move("emcServer.port", "localUI.port")
	}
	if s.SkipVIP {
		s.VIP.Skip, s.SkipVIP = true, false
		m.move("skipKubeVip", "vip.skip")
	}
	if s.Site.EdgeHostToken != "" && s.Site.ProjectName == "" && s.Site.ProjectUID == "" {
		m.remark("site.edgeHostToken", "no project is named: the token must have one of its own", "name it in site.projectName")
	}
}

// move gives the origin of an old name to the new one.
func (m *merger) move(from, to string) {
	if origin, ok := m.Origins[block+"."+from]; ok {
		delete(m.Origins, block+"."+from)
		if _, known := m.Origins[block+"."+to]; !known {
			m.Origins[block+"."+to] = origin
		}
	}
}

func (m *merger) contradict(key, other, what string) {
	p := v1alpha1.Problem{
		Path: block + "." + key, What: what + " at " + m.Origins[block+"."+other] + " (" + other + ")",
		Remedy: "say it once", Code: v1alpha1.CodeConflict,
	}
	m.problems = append(m.problems, p.At(m.Origins[block+"."+key]))
}

func (m *merger) remark(key, what, remedy string) {
	p := v1alpha1.Problem{Path: block + "." + key, What: what, Remedy: remedy, Warning: true}
	m.problems = append(m.problems, p.At(m.Origins[block+"."+key]))
}
