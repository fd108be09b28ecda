"""Random broken networks in a sandbox: what can be broken, and what plain tools say of a packet in them.

- `world` has the sandbox's namespaces, and puts everything back as it was.
- `faults` breaks something in one of them.
- `probes` are the packets that are sent.
- `witness` writes down what plain tools see while a packet travels: `tcpdump`, `iptables-save -c`, the kernel's counters.
- `oracle` says from that alone where the packet ended. It shares no code with the product.
"""
