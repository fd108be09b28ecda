"""The room that speaks to Docker and opens the kernel's sockets and namespaces: engine, images, hosts, observation, terminals.

Other rooms do neither; `launch.confine`, which takes a process's rights away, is the one that makes system calls of its own
(tests/test_rooms.py). Nothing here imports Django.
"""
