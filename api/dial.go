package api

import (
	"context"
	"errors"
	"fmt"
	"io"
	"net/http"
	"strings"
	"time"

	"github.com/gorilla/websocket"
)

// Screen is the browser's end of a waiting screen's websocket, for programs
// that wait like a browser: demonstrations, tests, benchmarks.
type Screen struct{ conn *websocket.Conn }

// maxState bounds one frame of a waiting screen.
const maxState = 64 << 10

// Dial opens the stream of an approval at a server (http or https, without a
// trailing slash), as a page of that server would.
func Dial(ctx context.Context, server, approvalID, waitingToken string) (*Screen, error) {
	dialer := websocket.Dialer{
		HandshakeTimeout: 10 * time.Second,
		Subprotocols:     []string{"countersign.v1", "bearer." + waitingToken},
		ReadBufferSize:   256, WriteBufferSize: 256,
	}
	address := "ws" + strings.TrimPrefix(server, "http") + "/v1/approvals/" + approvalID + "/stream"
	conn, resp, err := dialer.DialContext(ctx, address, http.Header{"Origin": {server}})
	if err != nil {
		if resp != nil {
			return nil, fmt.Errorf("waiting screen refused: %s", resp.Status)
		}
		return nil, err
	}
	conn.SetReadLimit(maxState)
	return &Screen{conn}, nil
}

// Next returns the next state as JSON; io.EOF after the final one.
func (s *Screen) Next(ctx context.Context) ([]byte, error) {
	stop := context.AfterFunc(ctx, func() { s.conn.SetReadDeadline(time.Now()) })
	defer stop()
	_, frame, err := s.conn.ReadMessage()
	if websocket.IsCloseError(err, websocket.CloseNormalClosure) {
		return nil, io.EOF
	}
	return frame, errors.Join(err, ctx.Err())
}

// Close leaves without a word, as a browser does whose network went away.
func (s *Screen) Close() error { return s.conn.Close() }
