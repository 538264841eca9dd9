// The issuers as a client reaches them: where each is, whom its certificate has to name, and as whom it is asked.
public import Commands
public import HTTP
internal import Kernel
internal import Settings
internal import TLS
internal import Units

public struct IssuerPeers: Sendable {
    /// In the order of the settings.
    public let endpoints: [Endpoint]
    let credentials: TLSCredentials?

    /// - Parameter path: where the settings stand in their file.
    public init(_ settings: IssuerSettings, at path: String) throws(Failure) {
        let server = settings.tls.map { ExpectedServer.host($0.serverName) }
        endpoints = try settings.coordinators.enumerated().map { index, one throws(Failure) in
            guard let address = SocketAddress(literal: one.address.description, port: one.port) else {
                throw Failure(
                    "\(path).coordinators[\(index)].address: \(one.address) is not an address of this system"
                )
            }
            return Endpoint(address: address, authority: "\(address)", server: server)
        }
        guard let tls = settings.tls else {
            credentials = nil
            return
        }
        do {
            credentials = try TLSCredentials(
                .client,
                .client(
                    trust: tls.authorityFile.map { .authorities(.file($0)) } ?? .system,
                    certificate: tls.certificateFile.map { .file($0) }, key: tls.keyFile.map { .file($0) }))
        } catch {
            throw Failure("\(path).tls: \(error)")
        }
    }
}
