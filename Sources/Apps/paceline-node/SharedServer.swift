// A server of the Redis protocol as the settings name it, ready to be spoken to.
import Commands
import Kernel
import Redis
import Settings
import TLS
import Units

extension RedisServer {
    /// - Parameter section: of the settings, for complaints.
    init(_ shared: some StoreServer, _ section: String) throws(Failure) {
        guard let address = SocketAddress(literal: shared.address.description, port: shared.port) else {
            throw Failure("\(section).address: \(shared.address) is not an address of this system")
        }
        self.init(address: address)
        user = shared.user
        timeout = shared.timeout
        if let path = shared.passwordFile {
            let lines = try SecretFile.read(path, "\(section).passwordFile").split(
                separator: UInt8(ascii: "\n"), maxSplits: 1, omittingEmptySubsequences: false)
            password = String(decoding: lines.first ?? [], as: UTF8.self)
        }
        guard let guarded = shared.tls else { return }
        do {
            let trust = guarded.authorityFile.map { TrustAnchors.authorities(.file($0)) } ?? .system
            tls = (
                try TLSContext(.client, .client(trust: trust, protocols: [])), .host(guarded.serverName)
            )
        } catch {
            throw Failure("\(section).tls: \(error)")
        }
    }
}
