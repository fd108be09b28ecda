grep -q DNAT /root/rule
