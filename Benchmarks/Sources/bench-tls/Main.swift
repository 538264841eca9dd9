// TLS 1.3 on one core, ours beside nginx with the same certificate, key and cipher: handshakes and bulk.
import BenchKit
import Foundation
import Rig

@main
enum Main {
    static let cipher = ["--ciphers", "TLS_AES_128_GCM_SHA256"]

    static func main() {
        Bench.run("tls") { bench in
            for key in Certificate.Key.allCases {
                try withFolder { folder in
                    let certificate = try Certificate.make(key, in: folder)
                    let ours = try Server.ours(certificate: certificate)
                    defer { ours.stop() }
                    let nginx = try Server.nginx(in: folder, certificate: certificate)
                    defer { nginx.stop() }
                    try handshakes("full handshakes, \(key.rawValue)", ours, nginx, [], &bench)
                    guard key == .ecdsa else { return }
                    try handshakes("resumed handshakes", ours, nginx, ["--resume"], &bench)
                    try bulk(ours, nginx, &bench)
                }
            }
        }
    }

    /// A handshake costs the client about as much as the server, and more where it checks a signature: the
    /// client sets the pace. What a core of the server could do is its handshakes for each second of CPU.
    private static func handshakes(
        _ name: String, _ ours: Server, _ nginx: Server, _ extra: [String], _ bench: inout Bench
    ) throws {
        let options =
            cipher + extra + [
                "--connections", "16", "--request-bytes", "0", "--expect-length", "\(Server.answerLength)",
            ]
        let samples = try calmRounds(
            5,
            [
                { try Load.run("handshakes", ours, tls: true, seconds: 0.8, warmup: 0.1, options) },
                { try Load.run("handshakes", nginx, tls: true, seconds: 0.8, warmup: 0.1, options) },
            ])
        Bench.note(name)
        try samples[0].inspect("ours", isPeer: false)
        try samples[1].inspect("nginx", isPeer: false)
        try bench.compare(
            name, unit: "per CPU s", ours: samples[0].map { 1e6 / $0.serverMicroseconds },
            peer: samples[1].map { 1e6 / $0.serverMicroseconds }, named: "nginx")
        try bench.compare(
            "\(name), both ends", unit: "per s", ours: samples[0].map(\.perSecond),
            peer: samples[1].map(\.perSecond), named: "nginx")
    }

    /// Four connections ask again and again for a megabyte of zeros; decrypting costs less than encrypting
    /// and sending, so that the server's core is full.
    private static func bulk(_ ours: Server, _ nginx: Server, _ bench: inout Bench) throws {
        let options =
            cipher + [
                "--connections", "4", "--method", "GET", "--path", "/bulk", "--request-bytes", "0",
                "--expect-length", "\(Server.bulkLength)",
            ]
        let samples = try calmRounds(
            5,
            [
                { try Load.run("bulk", ours, tls: true, seconds: 0.8, warmup: 0.1, options) },
                { try Load.run("bulk", nginx, tls: true, seconds: 0.8, warmup: 0.1, options) },
            ])
        Bench.note("bulk")
        try samples[0].inspect("ours", isPeer: false)
        try samples[1].inspect("nginx", isPeer: true)
        try bench.compare(
            "bulk", unit: "MB/s", ours: samples[0].map { $0.bytes / $0.seconds / 1e6 },
            peer: samples[1].map { $0.bytes / $0.seconds / 1e6 }, named: "nginx")
    }
}
