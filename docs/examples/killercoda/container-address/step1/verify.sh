#!/bin/bash
test "$(docker inspect -f '{{.State.Running}}' web)" = true
