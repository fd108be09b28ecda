touch /root/prepared
