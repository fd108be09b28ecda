"""The tables of nft: what they hold (`facts`), and what such a line means whoever wrote it (`words`). `network.read.nft` reads
them; what Docker writes there, `network.writes` computes."""
