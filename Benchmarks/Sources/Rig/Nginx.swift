// nginx as the peer, with a configuration that is made here: one process, no access log, connections kept for
// good. What is not set here is as nginx has it by default.
import BenchKit
public import Foundation

extension Server {
    /// `headerBuffer` is nginx's client_header_buffer_size: by default 1k, which the requests of the benches
    /// exceed, so that nginx receives each in two pieces.
    public static func nginx(
        in folder: URL, name: String = "nginx", headerBuffer: String = "1k", certificate: Certificate? = nil
    ) throws -> Server {
        guard
            let path = ["/usr/sbin/nginx", "/usr/local/sbin/nginx", "/usr/bin/nginx"].first(where: {
                FileManager.default.isExecutableFile(atPath: $0)
            })
        else { throw Impossible("nginx is not installed: apt-get install nginx-light") }
        let home = folder.appendingPathComponent(name.replacingOccurrences(of: " ", with: "-"))
        try FileManager.default.createDirectory(at: home, withIntermediateDirectories: true)
        try Data(count: bulkLength).write(to: home.appendingPathComponent("bulk"))
        let port = try freePort()
        let tlsPort = certificate == nil ? 0 : try freePort()
        let file = home.appendingPathComponent("nginx.conf")
        try configuration(home.path, port, tlsPort, headerBuffer, certificate)
            .write(to: file, atomically: true, encoding: .utf8)
        let child = try Child(path, ["-p", home.path, "-e", "stderr", "-c", file.path], on: .server)
        return try Server(name, child, port: port, tlsPort: tlsPort)
    }

    private static func configuration(
        _ home: String, _ port: UInt16, _ tlsPort: UInt16, _ headerBuffer: String, _ certificate: Certificate?
    ) -> String {
        let answer = "{\"id\":\"" + String(repeating: "x", count: answerLength - 9) + "\"}"
        let tls = certificate.map {
            """
            listen 127.0.0.1:\(tlsPort) ssl reuseport;
                ssl_certificate \($0.chain);
                ssl_certificate_key \($0.key);
                ssl_protocols TLSv1.2 TLSv1.3;
                ssl_session_tickets on;
            """
        }
        let temporary = ["client_body", "proxy", "fastcgi", "uwsgi", "scgi"]
            .map { "\($0)_temp_path \(home);" }.joined(separator: " ")
        return """
            daemon off;
            master_process off;
            pid \(home)/pid;
            events { worker_connections 16384; }
            http {
              access_log off;
              keepalive_requests 1000000000;
              keepalive_timeout 1h;
              client_header_timeout 1h;
              client_header_buffer_size \(headerBuffer);
              \(temporary)
              server {
                listen 127.0.0.1:\(port) reuseport;
                \(tls ?? "")
                location = /bid { default_type application/json; return 200 '\(answer)'; }
                location = /bulk { alias \(home)/bulk; open_file_cache max=16; }
              }
            }

            """
    }
}
