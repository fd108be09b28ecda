"""Questions that need an act in a sandbox. Everything that comes back is hostile: sizes, times and numbers are bounded.

- `probe` sends one ping, HTTP request or DNS query; `dns` is the DNS query.
- `journey` follows one real packet through every namespace. `trace` watches one namespace: its frames, and the rules met.
- `capture` keeps the frames of one interface, behind a filter that `bpf` has compiled.
- `reach` has every place ping every other place: at most 12 places and 15 seconds.
- `measure` measures round trips and throughput; its program `bounce` sends the bytes.
- `script` runs a check's script on a learner's host; `terminals` are root shells.
"""
