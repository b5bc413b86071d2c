package host

import (
	"errors"
	"os/exec"
	"runtime"
)

var errHostClosed = errors.New("host: closed")

// spawner starts every process from one operating-system thread. On Linux a
// child that asked for a parent-death signal gets it when the *thread* that
// created it ends (golang/go#27505), so that thread must live as long as any
// child does.
type spawner struct {
	work chan spawnRequest
	quit chan struct{}
	done chan struct{}
}

type spawnRequest struct {
	cmd   *exec.Cmd
	reply chan error
}

func newSpawner() *spawner {
	s := &spawner{work: make(chan spawnRequest), quit: make(chan struct{}), done: make(chan struct{})}
	go s.loop()
	return s
}

func (s *spawner) loop() {
	defer close(s.done)
	runtime.LockOSThread()
	defer runtime.UnlockOSThread()
	for {
		select {
		case r := <-s.work:
			r.reply <- r.cmd.Start()
		case <-s.quit:
			return
		}
	}
}

func (s *spawner) start(cmd *exec.Cmd) error {
	r := spawnRequest{cmd: cmd, reply: make(chan error, 1)}
	select {
	case s.work <- r:
		return <-r.reply
	case <-s.quit:
		return errHostClosed
	}
}

// close ends the thread; the caller has ended every process before.
func (s *spawner) close() {
	close(s.quit)
	<-s.done
}
