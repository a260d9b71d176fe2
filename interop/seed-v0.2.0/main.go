// Seed-v0 runs the Go package at v0.2.0, as a request on each line asks.
package main

import (
	"flag"
	"log"
	"os"

	"kubelock.test/line"
)

func main() {
	kubeconfig := flag.String("kubeconfig", os.Getenv("KUBECONFIG"), "path of the kubeconfig")
	flag.Parse()

	cluster := &cluster{kubeconfig: *kubeconfig}
	err := line.Serve(os.Stdin, os.Stdout, func(request line.Request) any {
		return answer(cluster, request)
	})
	if err != nil {
		log.Fatal(err)
	}
}

func answer(cluster *cluster, request line.Request) any {
	switch request.Op {
	case "decode":
		return decode(request.Value)
	case "decode_batch":
		return decodeBatch(request.Values)
	case "encode_batch":
		return encodeBatch(request.Records)
	case "acquire_bytes":
		return acquireBytes(request)
	}

	lock, err := cluster.lock(request)
	if err != nil {
		return line.Result{Outcome: outcome(err), Message: err.Error()}
	}
	return line.Act(lock, request)
}
