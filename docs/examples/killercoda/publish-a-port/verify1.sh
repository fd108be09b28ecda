curl -fs --max-time 2 -o /dev/null localhost:8080
