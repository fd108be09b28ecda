# What was typed on a Podman host before the captures beside this file were taken. `events.jsonl` is without events of exec.
podman run -d --name web -p 8080:80 box
podman network create town; podman network create --internal cellar; podman network create --opt isolate=true isle; podman network create --opt isolate=strict --ipv6 strict6
podman network create -d macvlan --opt parent=eth0 --subnet 10.77.0.0/24 --gateway 10.77.0.100 --ip-range 10.77.0.64/28 mac
podman run -d --name a --network town -p 8081:80 -p 127.0.0.1:8082:80 -p 5300:53/udp box
podman run -d --name b --network town --network-alias bee box
podman run -d --name c --network cellar box
podman run -d --name d --network isle -p 8090-8092:80-82 box
podman run -d --name e --network strict6 -p '[::]:8095:80' box
podman run -d --name m --network mac box
podman run -d --name ho --network host box sleep 1000
podman run -d --name no --network none box
podman run -d --name sh --network container:a box sleep 1000
podman run --name ex box true
podman network connect isle b
podman pod create --name pod1 -p 8099:80; podman run -d --pod pod1 --name inpod box
