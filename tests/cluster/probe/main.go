// Command probe is what the tests run in a pod: it resolves a name, writes a file, says so, and serves a page.
// With nothing but a name it resolves that and ends.
package main

import (
	"fmt"
	"net"
	"net/http"
	"os"
)

func main() {
	addresses, err := net.LookupHost(os.Args[1])
	fmt.Println("resolved", addresses, err)
	if len(os.Args) < 3 {
		return
	}
	fmt.Println("wrote", os.WriteFile(os.Args[2], []byte("kept"), 0o644))
	page := func(answer http.ResponseWriter, _ *http.Request) { fmt.Fprint(answer, "from the pod") }
	fmt.Println(http.ListenAndServe(":8080", http.HandlerFunc(page)))
}
