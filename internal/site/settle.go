package site

import (
	"encoding/base64"
	"fmt"
	"slices"
	"strings"

	"github.com/stylet-edge/stylet/pkg/api/v1alpha1"
)

// settle brings what was merged into the form in which it is used: old names become the new ones.
// What only shows when all files are known is a problem at the place of one of the keys.
func (m *settled) settle() {
	s := &m.Site
	if (s.Debug || s.Trace) && s.LogLevel == "" {
		s.LogLevel = "debug"
		m.move("debug", "logLevel")
		m.move("trace", "logLevel")
	}
	s.Debug, s.Trace = false, false
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
		if _, said := m.Origins[block+".vip.skip"]; said && !s.VIP.Skip {
			m.contradict("vip.skip", "skipKubeVip", "false here, but true")
		}
		s.VIP.Skip, s.SkipVIP = true, false
		m.move("skipKubeVip", "vip.skip")
	}
	m.addRegistry(s.RegistryCredentials, "registryCredentials")
	for i, r := range s.ExternalRegistries.Registries {
		m.addRegistry(r, fmt.Sprintf("externalRegistries.registries[%d]", i))
	}
	for i := range s.Registries {
		s.Registries[i].CACerts = inPEM(s.Registries[i].CACerts)
	}
	s.Site.CACerts = inPEM(s.Site.CACerts)
	s.RegistryCredentials, s.ExternalRegistries.Registries = v1alpha1.ExternalRegistry{}, nil
	if s.Site.EdgeHostToken != "" && s.Site.ProjectName == "" && s.Site.ProjectUID == "" {
		m.remark("site.edgeHostToken", "no project is named: the token must have one of its own", "name it in site.projectName")
	}
}

// addRegistry makes a documented registry one of ours. What is said of it under registries wins.
func (m *settled) addRegistry(r v1alpha1.ExternalRegistry, key string) {
	if r.Domain == "" {
		return
	}
	host, _, _ := strings.Cut(r.Domain, "/") // the path prefix is in the references
	if slices.ContainsFunc(m.Site.Registries, func(known v1alpha1.Registry) bool { return known.Host == host }) {
		m.remark(key, "the registry "+host+" is set up under registries, or twice: this one is not used", "say it once")
		return
	}
	password := r.Password
	if decoded, err := base64.StdEncoding.DecodeString(password.Reveal()); r.EncodedPassword && err == nil {
		password = v1alpha1.Secret(decoded)
	}
	if m.Origins != nil {
		m.Origins[fmt.Sprintf("%s.registries[%d]", block, len(m.Site.Registries))] = m.origin(key)
	}
	m.Site.Registries = append(m.Site.Registries, v1alpha1.Registry{
		Host: host, Username: r.Username, Password: password, CACerts: r.Certificates,
		PlainHTTP: r.Insecure, SkipTLSVerify: r.Insecure,
	})
}

// inPEM brings certificates into one form; they were checked before.
func inPEM(texts []string) []string {
	var out []string
	for _, text := range texts {
		if certificates, err := Certificates(text); err == nil {
			out = append(out, certificates)
		}
	}
	return out
}

// origin says where a key stands, or the first of those below it.
func (m *settled) origin(key string) string {
	if origin, ok := m.Origins[block+"."+key]; ok {
		return origin
	}
	if v := m.written[block+"."+key]; v != nil {
		return v.place.String()
	}
	return ""
}

// path gives a key as it is written where it stands.
func (m *settled) path(key string) string {
	if v := m.written[block+"."+key]; v != nil {
		return v.place.path
	}
	return block + "." + key
}

// move gives the origin of an old name to the new one.
func (m *settled) move(from, to string) {
	if origin, ok := m.Origins[block+"."+from]; ok {
		delete(m.Origins, block+"."+from)
		if _, known := m.Origins[block+"."+to]; !known {
			m.Origins[block+"."+to] = origin
		}
	}
}

func (m *settled) contradict(key, other, what string) {
	p := v1alpha1.Problem{
		Path: m.path(key), What: what + " at " + m.Origins[block+"."+other] + " (" + other + ")",
		Remedy: "say it once", Code: v1alpha1.CodeConflict,
	}
	m.problems = append(m.problems, p.At(m.origin(key)))
}

func (m *settled) remark(key, what, remedy string) {
	p := v1alpha1.Problem{Path: m.path(key), What: what, Remedy: remedy, Warning: true}
	m.problems = append(m.problems, p.At(m.origin(key)))
}
