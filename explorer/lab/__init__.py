"""The only room that touches Docker or a kernel: engine, images, hosts, observation, terminals. No Django."""
