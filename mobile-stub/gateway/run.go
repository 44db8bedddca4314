package gateway

import (
	"context"
	"flag"
	"fmt"
	"io"
	"os"
	"path/filepath"
)

// Run is the command: it starts a gateway by flags, says on stdout where it is
// and what opens it, and runs until ctx ends.
func Run(ctx context.Context, args []string, stdout io.Writer) error {
	o := Options{Log: stdout}
	flags := flag.NewFlagSet("gateway", flag.ContinueOnError)
	flags.SetOutput(stdout)
	flags.StringVar(&o.FCM, "fcm", "127.0.0.1:9401", "`address` of FCM and its token endpoint")
	flags.StringVar(&o.APNs, "apns", "127.0.0.1:9402", "`address` of APNs, production")
	flags.StringVar(&o.APNsSandbox, "apns-sandbox", "127.0.0.1:9403", "`address` of APNs, sandbox")
	flags.StringVar(&o.WebPush, "webpush", "127.0.0.1:9404", "`address` of Web Push and of GET /deliveries/{token}")
	flags.StringVar(&o.Dir, "dir", "", "`folder` for ca.pem and the credentials (default a temporary one)")
	flags.StringVar(&o.Project, "project", "", "Firebase `project` (default countersign-demo)")
	flags.StringVar(&o.Topic, "topic", "", "bundle `id` of the app (default net.example.countersign)")
	flags.IntVar(&o.Streams, "streams", 0, "requests at once on a connection (default 1000)")
	flags.IntVar(&o.AtOnce, "at-once", 0, "requests at once to all services; more are answered 503 (default any number)")
	flags.DurationVar(&o.TokenLife, "token-life", 0, "how `long` an access token of FCM lives (default 1h)")
	if err := flags.Parse(args); err != nil {
		if err == flag.ErrHelp {
			return nil
		}
		return err
	}
	if flags.NArg() > 0 {
		return fmt.Errorf("gateway takes flags only, not %q", flags.Arg(0))
	}
	remove, err := folder(&o.Dir)
	if err != nil {
		return fmt.Errorf("gateway: folder for credentials: %w", err)
	}
	defer remove()
	g, err := Start(o)
	if err != nil {
		return err
	}
	defer g.Close()
	g.describe(stdout)
	<-ctx.Done()
	return nil
}

// folder makes dir, or a temporary one that remove takes away again.
func folder(dir *string) (remove func(), err error) {
	if *dir != "" {
		return func() {}, os.MkdirAll(*dir, 0o700)
	}
	*dir, err = os.MkdirTemp("", "gateway-")
	return func() { os.RemoveAll(*dir) }, err
}

func (g *Gateway) describe(w io.Writer) {
	file := func(name string) string { return filepath.Join(g.options.Dir, name) }
	c := g.Credentials
	fmt.Fprintf(w, "FCM            %s   token endpoint %s   service account %s\n", g.FCM, g.TokenURL, file(ServiceAccountFile))
	fmt.Fprintf(w, "APNs           %s   key %s   key id %s   team id %s   topic %s\n", g.APNs, file(APNsKeyFile), c.KeyID, c.TeamID, c.Topic)
	fmt.Fprintf(w, "APNs sandbox   %s   certificate %s\n", g.APNsSandbox, file(APNsCertificateFile))
	fmt.Fprintf(w, "Web Push       %s   deliveries %s\n", g.Endpoint("{id}"), g.WebPush+"/deliveries/{token}")
	fmt.Fprintf(w, "control        %s   PUT and DELETE rules/{token}, POST close, go-away, revoke-tokens\n", g.WebPush+"/control/")
	fmt.Fprintf(w, "trust          %s\n", file(CAFile))
}
