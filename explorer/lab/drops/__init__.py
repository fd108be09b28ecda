"""The kernel's own word on a packet that it throws away: the reason, and the kernel function that gave it.

A small BPF program (`dropped.bpf.c`) hears the tracepoint `skb:kfree_skb`. `setup/bpf.sh` compiles it, `libbpf` loads it, and
the kernel removes it when the process that loaded it ends, however it ends. The program runs only while a packet is followed;
for half a minute after that it stays loaded, so that the next journey begins sooner. It writes down packets of the network
namespaces that it was given; packets of all other namespaces never leave the kernel.

Without BPF there are no drop reasons, and endings rest on rules, frames, counters, routes, neighbours and sockets; the page and
`labdoctor` say so. The same tracepoint can be read through tracefs, and that is not done: its lines name neither the namespace
nor the packet, only the address of a kernel structure that the kernel uses again for other packets at once. A line about a
packet of another sandbox could not be told from one about ours.

- `built` knows the file of the compiled program.
- `libbpf` is the library, by ctypes; `reasons` reads the names of the reasons from the kernel's types (BTF).
- `hear` collects the drops of one journey.
"""
