package hostconfig

import (
	"encoding/base64"
	"fmt"
	"strconv"
	"strings"
	"time"

	"go.yaml.in/yaml/v3"

	"github.com/stylet-edge/stylet/pkg/api/v1alpha1"
)

// UsersFile is read by the stage initramfs of each boot (immucore's constants.GetCloudInitPaths): Kairos
// itself makes the users, by the same rules as those of its own user-data.
const UsersFile = "/usr/local/cloud-config/50_stylet_users.yaml"

type yipFile struct {
	Stages map[string][]yipStep `yaml:"stages"`
}

type yipStep struct {
	Name     string             `yaml:"name"`
	Commands []string           `yaml:"commands,omitempty"`
	Users    map[string]yipUser `yaml:"users,omitempty"`
}

type yipUser struct {
	Passwd     string   `yaml:"passwd,omitempty"`
	LockPasswd bool     `yaml:"lock_passwd,omitempty"`
	Groups     []string `yaml:"groups,omitempty"`
}

// usersDocument is the cloud-config that makes the users, "" for none.
func usersDocument(users []v1alpha1.OSUser) (string, error) {
	if len(users) == 0 {
		return "", nil
	}
	groups := yipStep{Name: "stylet: groups of the site's users"}
	made := yipStep{Name: "stylet: users of the site", Users: map[string]yipUser{}}
	keys := yipStep{Name: "stylet: keys of the site's users"}
	ends := yipStep{Name: "stylet: passwords of the site's users that end"}
	known := map[string]bool{}
	for _, u := range users {
		for _, group := range u.Groups {
			if !known[group] { // yip puts a user only into groups that are there
				known[group] = true
				groups.Commands = append(groups.Commands, fmt.Sprintf("getent group %[1]s >/dev/null || groupadd --system %[1]s", group))
			}
		}
		user := yipUser{Passwd: u.Passwd.Reveal(), Groups: u.Groups}
		if u.LockPasswd || u.Passwd == "" { // an empty password would let anybody in
			user.Passwd, user.LockPasswd = "", true // yip gives a password to a user that is there, locked or not
		}
		made.Users[u.Name] = user
		keys.Commands = append(keys.Commands, keysCommand(u))
		if days, ok := daysUntil(u.PasswordExpiry); ok {
			// Changed on the first day there is, valid until the day given: an age that needs no clock.
			ends.Commands = append(ends.Commands, "chage --lastday 1 --maxdays "+strconv.Itoa(days-1)+" "+u.Name)
		}
	}
	file := yipFile{Stages: map[string][]yipStep{"initramfs": {groups, made, keys, ends}}}
	text, err := yaml.Marshal(file)
	if err != nil {
		return "", fmt.Errorf("writing the users: %w", err)
	}
	return "#cloud-config\n# " + byStylet + "\n" + string(text), nil
}

// keysCommand writes the file with a user's keys whole: homes are persistent, and yip only adds to it
// (v1.25.1, plugins/ssh.go), so that a key taken out of the user-data would go on letting somebody in.
func keysCommand(u v1alpha1.OSUser) string {
	text := "# " + byStylet + "\n"
	for _, key := range u.SSHAuthorizedKeys {
		text += key + "\n"
	}
	return fmt.Sprintf(`h=$(getent passwd %[1]s | cut -d: -f6) && install -d -m 700 -o %[1]s -g "$(id -gn %[1]s)" "$h/.ssh" && `+
		`echo %[2]s | base64 -d >"$h/.ssh/authorized_keys" && chown %[1]s: "$h/.ssh/authorized_keys" && chmod 600 "$h/.ssh/authorized_keys"`,
		u.Name, base64.StdEncoding.EncodeToString([]byte(text)))
}

// daysUntil counts the days from 1970 to a day, as /etc/shadow does.
func daysUntil(day string) (int, bool) {
	const form = "2006-01-02"
	at, err := time.Parse(form, strings.TrimSuffix(day, "T00:00:00Z"))
	if err != nil {
		return 0, false
	}
	return int(at.Unix() / (24 * 60 * 60)), true
}
