"""The kernel's own word on a packet that it throws away: the reason, and the kernel function that gave it.

A small BPF program (`dropped.bpf.c`) hears the tracepoint `skb:kfree_skb`. `setup/bpf.sh` compiles it, `libbpf` loads it, and
the kernel removes it when the process that loaded it ends, however it ends. The program runs only while a packet is followed;
for half a minute after that it stays loaded, so that the next journey begins sooner. It writes down packets of the network
namespaces that it was given; packets of all other namespaces never leave the kernel.

- `built` knows the file of the compiled program.
- `libbpf` is the library, by ctypes; `reasons` reads the names of the reasons from the kernel's types (BTF).
- `hear` collects the drops of one journey.
"""
