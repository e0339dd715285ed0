#!/usr/bin/env bats
# SPDX-License-Identifier: Apache-2.0
# The proxies of deploy/ cap a client's connections, as the gateways do for who comes without one. They need none here.

load support/proxy
load support/nginx
load support/haproxy

readonly NOWHERE=127.0.0.1:9 MOST=3

setup() {
	case_begin
	make_certificate "$CASE"
	PROXY_PORT=$(free_port)
}

teardown() {
	end "$CASE" proxy TERM "$STOP_SECONDS"
	case_end
}

listens() {
	(: <"/dev/tcp/127.0.0.1/$PROXY_PORT") 2>/dev/null
}

# begin: the proxy that was filled in, which is told by the PROXY protocol whom it serves.
begin() {
	launch "$CASE" proxy "${PROXY_COMMAND[@]}"
	wait_until 10 listens
}

# edit FILE TEXT=REPLACEMENT...
edit() {
	local filled
	filled=$(fill_in "$@")
	printf '%s\n' "$filled" >"$1"
}

# crowd ADDRESS...: what became of them, SENDING the head or its first line.
crowd() {
	python3 "$DEPLOY_SUPPORT/crowd.py" "$PROXY_PORT" "$CASE/fullchain.pem" "$SENDING" "$@" | xargs
}

networks_are_counted() {
	expect 'one network' "$(crowd 2001:db8::1 2001:db8::a:b:c:d 2001:db8:0:0:ffff:ffff:ffff:ffff 2001:db8::2)" \
		'taken taken taken refused'
	expect 'several networks' "$(crowd 2001:db8::1 2001:db8:0:1::1 2001:db8:0:2::1 2001:db8:0:3::1)" \
		'taken taken taken taken'
	expect 'IPv4 addresses' "$(crowd 192.0.2.1 192.0.2.2 192.0.2.3 192.0.2.4)" 'taken taken taken taken'
	expect 'one IPv4 address' "$(crowd 192.0.2.1 192.0.2.1 192.0.2.1 192.0.2.1)" 'taken taken taken refused'
}

@test "nginx counts an IPv6 client by its network" {
	nginx_configure "$CASE" "$PROXY_PORT" "$NOWHERE" "$NOWHERE"
	edit "$CASE/intake.conf" "listen 127.0.0.1:$PROXY_PORT ssl;=listen 127.0.0.1:$PROXY_PORT ssl proxy_protocol; set_real_ip_from 127.0.0.1; real_ip_header proxy_protocol;" \
		"limit_conn intake_addresses 1000=limit_conn intake_addresses $MOST"
	begin
	SENDING='head' # it counts requests
	networks_are_counted
}

@test "haproxy counts an IPv6 client by its network" {
	haproxy_configure "$CASE" "$PROXY_PORT" "$NOWHERE" "$NOWHERE" "$NOWHERE" "$NOWHERE"
	edit "$CASE/haproxy.cfg" " ssl crt= accept-proxy ssl crt" "sc0_conn_cur gt 1000=sc0_conn_cur gt $MOST" \
		"tcp-request connection=tcp-request session"
	begin
	SENDING='line' # it counts connections
	networks_are_counted
}
