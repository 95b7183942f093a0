// Program app calls one function that the database beside it calls vulnerable.
package main

import "net/url"

func main() {
	_, _ = url.Parse("https://example.com/")
}
