// A certificate for the time of a bench, made by the openssl command: both servers present the same one.
import BenchKit
public import Foundation

public struct Certificate {
    public enum Key: String, CaseIterable, Sendable {
        case ecdsa = "ECDSA P-256"
        case rsa = "RSA-2048"
    }

    /// Paths of PEM files.
    public let chain: String
    public let key: String

    public static func make(_ key: Key, in folder: URL) throws -> Certificate {
        let stem = folder.appendingPathComponent("\(key)").path
        let certificate = Certificate(chain: stem + ".crt", key: stem + ".key")
        let kind = key == .ecdsa ? ["ec", "-pkeyopt", "ec_paramgen_curve:P-256"] : ["rsa:2048"]
        let openssl = try Child(
            "/usr/bin/openssl",
            ["req", "-x509", "-newkey"] + kind + [
                "-nodes", "-keyout", certificate.key, "-out", certificate.chain, "-days", "2", "-subj",
                "/CN=localhost", "-addext", "subjectAltName=DNS:localhost,IP:127.0.0.1",
            ], on: .client)
        _ = try openssl.wait()
        return certificate
    }
}
