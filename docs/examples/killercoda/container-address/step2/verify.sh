#!/bin/bash
# the page is there, and the server noted who asked
test -s /root/answer
