# SPDX-License-Identifier: Apache-2.0
# nginx - deploy/nginx/intake.conf with this case's addresses, in a configuration of its own around it.
# shellcheck shell=bash
# shellcheck disable=SC2034 # PROXY_COMMAND is for whoever reads this

# nginx_configure FOLDER PORT GATEWAY GATEWAY: needs a certificate in FOLDER. Sets PROXY_COMMAND.
nginx_configure() {
	local folder=$1
	mkdir -p "$folder/temp"
	fill_in "$PROJECT/deploy/nginx/intake.conf" "listen 443 ssl=listen 127.0.0.1:$2 ssl" \
		"listen [::]:443 ssl=listen [::1]:$2 ssl" "127.0.0.1:8080=$3" "127.0.0.1:8081=$4" \
		"hooks.example.com=localhost" "/etc/nginx/intake=$folder" "/var/log/nginx=$folder" >"$folder/intake.conf"
	cat >"$folder/nginx.conf" <<-END
		pid $folder/nginx.pid;
		error_log $folder/nginx-error.log;
		worker_processes 2;
		daemon off;
		events { worker_connections 4096; }
		http {
			client_body_temp_path $folder/temp/body;
			proxy_temp_path $folder/temp/proxy;
			fastcgi_temp_path $folder/temp/fastcgi;
			uwsgi_temp_path $folder/temp/uwsgi;
			scgi_temp_path $folder/temp/scgi;
			access_log off;
			include $folder/intake.conf;
		}
	END
	PROXY_COMMAND=("$("$PROJECT/tests/tool" nginx)" -e "$folder/nginx-early.log" -p "$folder" -c "$folder/nginx.conf")
}
