// Package bench measures Countersign beside what it is compared with, on one
// machine and in one run: each round measures one after the other, so that both
// meet the same machine, and what counts are ratios. It starts all that it needs
// on loopback, in processes of their own where a process is what is measured,
// and stops it again whatever comes of the run. It judges nothing: a goal that
// is missed is a line in the report.
package bench
