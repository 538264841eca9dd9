// The issuers as a client reaches them: where each is, whom its certificate has to name, and as whom it is asked.
public import Commands
public import HTTP
internal import Kernel
internal import Serving
public import Settings
public import TLS
public import Telemetry
internal import Units

public struct IssuerPeers: Sendable {
    /// In the order of the settings.
    public let endpoints: [Endpoint]
    private let credentials: ClientCredentials?

    /// - Parameter path: where the settings stand in their file.
    public init(_ settings: IssuerSettings, at path: String) throws(Failure) {
        try self.init(settings.coordinators, settings.tls, at: path, list: "coordinators")
    }

    /// - Parameters:
    ///   - path: where they and `tls` stand in their file.
    ///   - list: what they are called there.
    public init(
        _ places: [LedgerSettings.Coordinator], _ tls: LedgerSettings.TLS?, at path: String, list: String
    ) throws(Failure) {
        let server = tls.map { ExpectedServer.host($0.serverName) }
        endpoints = try places.enumerated().map { index, one throws(Failure) in
            guard let address = SocketAddress(literal: one.address.description, port: one.port) else {
                throw Failure(
                    "\(path).\(list)[\(index)].address: \(one.address) is not an address of this system"
                )
            }
            return Endpoint(address: address, authority: "\(address)", server: server)
        }
        credentials = try tls.map { tls throws(Failure) in
            try ClientCredentials(
                authorities: tls.authorityFile, certificate: tls.certificateFile, key: tls.keyFile, at: path)
        }
    }

    /// As whom each new connection comes; nil for plain HTTP.
    public func context(for thread: String, _ log: Log) -> (() -> TLSContext)? {
        credentials?.context(for: thread, log)
    }
}
