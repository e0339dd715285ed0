# SPDX-License-Identifier: Apache-2.0
# haproxy - deploy/haproxy/haproxy.cfg with this case's addresses.
# shellcheck shell=bash
# shellcheck disable=SC2034 # PROXY_COMMAND is for whoever reads this

# haproxy_configure FOLDER PORT GATEWAY ADMIN GATEWAY ADMIN: addresses; needs a certificate in FOLDER. Sets PROXY_COMMAND.
haproxy_configure() {
	local folder=$1
	fill_in "$PROJECT/deploy/haproxy/haproxy.cfg" "bind :443,[::]:443 v6only=bind 127.0.0.1:$2,[::1]:$2 v6only" \
		"127.0.0.1:8080 port 9090=$3 port ${4##*:}" "127.0.0.1:8081 port 9091=$5 port ${6##*:}" \
		"/etc/haproxy/intake.pem=$folder/intake.pem" "log /dev/log local0=log stdout format raw local0" \
		"maxconn 20000=maxconn 2000" $'\tuser haproxy\n=' $'\tgroup haproxy\n=' >"$folder/haproxy.cfg"
	PROXY_COMMAND=("$("$PROJECT/tests/tool" haproxy)" -f "$folder/haproxy.cfg")
}
