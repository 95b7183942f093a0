// The fetcher is the process that the component tests kill: it resolves a profile and fetches its
// first layer, as the agent does.
//
//	fetcher STATE_DIR HOST:PORT REPOSITORY:TAG
//
// It prints how many bytes it has whenever there are more.
package main

import (
	"context"
	"fmt"
	"os"

	"github.com/stylet-edge/stylet/internal/base/durable"
	"github.com/stylet-edge/stylet/internal/base/fault"
	"github.com/stylet-edge/stylet/internal/content"
	"github.com/stylet-edge/stylet/pkg/api/v1alpha1"
)

func main() {
	err := fetch(context.Background(), os.Args[1], os.Args[2], os.Args[3])
	if err != nil {
		fmt.Fprintln(os.Stderr, fault.Text(err))
	}
	os.Exit(fault.ExitCodeOf(err))
}

func fetch(ctx context.Context, dir, host, reference string) error {
	root, err := durable.Open(dir)
	if err != nil {
		return err
	}
	defer root.Close()
	store, err := content.OpenStore(root)
	if err != nil {
		return err
	}
	client := content.NewClient(content.Options{
		UserAgent: "fetcher", Registries: []v1alpha1.Registry{{Host: host, PlainHTTP: true}},
	})
	resolved, err := client.Resolve(ctx, host+"/"+reference)
	if err != nil {
		return err
	}
	layer := resolved.Profile.Spec.Layers[0]
	src, err := client.LayerSource(ctx, resolved.Reference, layer)
	if err != nil {
		return err
	}
	return store.Ensure(ctx, content.DescriptorOf(layer), src, func(done int64) { fmt.Println(done) })
}
