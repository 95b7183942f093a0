package agent

import (
	"errors"
	"fmt"
	"io/fs"
	"maps"
	"path/filepath"
	"slices"
	"strings"

	"github.com/stylet-edge/stylet/internal/base/durable"
	"github.com/stylet-edge/stylet/internal/hostconfig"
	"github.com/stylet-edge/stylet/internal/identity"
	"github.com/stylet-edge/stylet/pkg/api/v1alpha1"
)

// cardsFile remembers which network card an interface of the user-data is, by its own MAC address: names
// can change with the kernel, and a static address must not move to another card.
const cardsFile = "cards.json"

// layProperties makes the site's properties those of the OS below root.
func layProperties(root, oemDir string, place v1alpha1.Place, cards map[string]string) error {
	record, err := identity.Keep(oemDir, root, place)
	host := hostconfig.Host{Name: identity.HostName(record.ID, place), Cards: cards}
	return errors.Join(err, hostconfig.For(place, host).Lay(root))
}

// readCards gives the cards known so far; a damaged file is none, and is written anew.
func readCards(state *durable.Root) map[string]string {
	cards := map[string]string{}
	if err := state.ReadJSON(cardsFile, &cards); err != nil {
		return map[string]string{}
	}
	return cards
}

// rememberCards binds the interfaces that the user-data names to the cards that have these names now. A
// binding is kept for as long as its card is in the machine, and acts from the next boot on: replaced are the
// interfaces that have no settings until then, since their card is another one.
func rememberCards(state *durable.Root, place v1alpha1.Place, present map[string]string) (replaced []string, err error) {
	if len(place.Network.Interfaces) == 0 {
		return nil, nil
	}
	cards := readCards(state)
	before := maps.Clone(cards)
	for name := range place.Network.Interfaces {
		gone := !slices.Contains(slices.Collect(maps.Values(present)), cards[name])
		card := present[name]
		if !gone || card == "" {
			continue
		}
		if cards[name] != "" {
			replaced = append(replaced, name)
		}
		cards[name] = card
	}
	slices.Sort(replaced)
	if maps.Equal(before, cards) {
		return replaced, nil
	}
	if err := state.WriteJSON(cardsFile, cards); err != nil && !errors.Is(err, fs.ErrNotExist) {
		return replaced, fmt.Errorf("remembering the network cards: %w", err)
	}
	return replaced, nil
}

// cardProblemFile tells, until the next boot, that cards were replaced.
const cardProblemFile = "card-problem"

// learnCards remembers the cards, and leaves a note for the status where some were replaced.
func (a *assignment) learnCards(place v1alpha1.Place) error {
	replaced, err := rememberCards(a.store.State, place, hostconfig.PresentCards("/"))
	if err != nil || len(replaced) == 0 {
		return err
	}
	text := fmt.Sprintf("the network card of %s is another one than before: its settings act when the host is restarted\n", strings.Join(replaced, ", "))
	return volatile(filepath.Join(a.info.runtimeDir, cardProblemFile), text)
}
