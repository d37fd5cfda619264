// Starts the witness of transparency-dev for one log on a loopback port, without the feeders that would look for other logs. It prints
// its URL and its verifier key, then serves until it is killed. It remembers in memory.
package main

import (
	"context"
	"crypto/rand"
	"flag"
	"fmt"
	"log"
	"net"
	"net/http"

	f_note "github.com/transparency-dev/formats/note"
	"github.com/transparency-dev/witness/persistence/inmemory"
	"github.com/transparency-dev/witness/witness"
	"golang.org/x/mod/sumdb/note"
)

func main() {
	origin := flag.String("origin", "", "origin of the log")
	key := flag.String("log", "", "verifier key of the log")
	name := flag.String("name", "witness.example", "name of the witness")
	flag.Parse()

	verifier, err := note.NewVerifier(*key)
	must(err)
	secret, public, err := note.GenerateKey(rand.Reader, *name)
	must(err)
	public, err = f_note.VKeyToCosignatureV1(public)
	must(err)
	signer, err := f_note.NewSignerForCosignatureV1(secret)
	must(err)
	w, err := witness.New(context.Background(), witness.Opts{
		Persistence: inmemory.New(),
		Signers:     []note.Signer{signer},
		VerifierForLog: func(_ context.Context, asked string) (note.Verifier, bool, error) {
			return verifier, asked == *origin, nil
		},
	})
	must(err)
	listener, err := net.Listen("tcp", "127.0.0.1:0")
	must(err)
	http.HandleFunc("POST /add-checkpoint", witness.NewHTTPHandler(w).AddCheckpoint)
	fmt.Printf("http://%s %s\n", listener.Addr(), public)
	must(http.Serve(listener, nil))
}

func must(err error) {
	if err != nil {
		log.Fatal(err)
	}
}
