//go:build unix

package main

// mode is one way to misbehave.
type mode struct {
	Name string
	Doc  string
}

// callModes show in Fit or Recommend. Each is a component.
var callModes = []mode{
	{"good", "answers as it should"},
	{"saver", "answers as it should and saves its model"},
	{"scorer", "answers as it should and scores pairs"},
	{"learner", "answers as it should and learns from updates, in memory only"},
	{"panic", "panics in Recommend"},
	{"panic-background", "panics in a goroutine of its own during Recommend"},
	{"exit-zero", "ends with status 0 in Recommend"},
	{"exit-fit", "ends with status 5 in Fit"},
	{"hang", "never answers Recommend"},
	{"spin", "burns a core in Recommend and heeds nothing"},
	{"stop", "stops itself (SIGSTOP) in Recommend"},
	{"stop-fit", "stops itself (SIGSTOP) in Fit"},
	{"kill", "kills itself (SIGKILL) in Recommend"},
	{"crash-once", "ends with status 3 in its first Recommend, if option marker names no file"},
	{"crash-once-saver", "the same, and saves its model"},
	{"flood", "writes 350 KB without a newline to descriptor 1 and answers well"},
	{"bad-log", "writes log lines of the wrong types to descriptor 2 and answers well"},
	{"chatter", "writes 5,000 lines to standard error and answers well"},
	{"fork", "leaves a child behind that holds its standard error"},
	{"fork-exit", "leaves such a child behind and ends with status 4"},
	{"huge", "answers 200 MB"},
	{"memory", "allocates without end in Recommend"},
	{"environment", "answers an error that holds every variable it sees"},
	{"nan", "answers a score that is not a number"},
	{"short", "answers one row too few"},
	{"overfull", "answers a count above k"},
	{"duplicate", "answers an item twice"},
	{"out-of-range", "answers an item beyond the catalogue"},
	{"excluded", "answers excluded items"},
	{"not-candidate", "answers items that are no candidates"},
	{"unsorted", "answers the worst first"},
	{"padding", "leaves items behind the end of a slate"},
	{"ties", "orders equal scores by id: allowed, the host mends it"},
	{"nan-scores", "answers Score with a value that is not a number"},
	{"few-scores", "answers Score with one value too few"},
}

// earlyModes act before or instead of the handshake.
var earlyModes = []mode{
	{"garbage", "prints a line before the handshake, then is good"},
	{"long-line", "prints 70 KB without a newline before the handshake, then is good"},
	{"exit-early", "ends with status 7 before the handshake, after an ImportError"},
	{"silent", "never prints a handshake"},
	{"dead-socket", "names a socket that nobody serves"},
	{"foreign-socket", "names a socket outside its folder"},
	{"no-http2", "listens and never says a word"},
	{"certificate", "puts a certificate into the handshake though TLS is off, then is good"},
	{"not-serving", "is good but for its health: NOT_SERVING"},
	{"wrong-lengths", "is good but for Recommend: columns of three bytes"},
	{"wrong-version", "speaks version 9 of the contract"},
}
