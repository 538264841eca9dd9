// As whom a daemon's own clients come, and whom they trust: from files that are read again for a new connection when they have
// changed.
public import Commands
public import TLS
public import Telemetry

public struct ClientCredentials: Sendable {
    private let credentials: TLSCredentials

    /// - Parameters:
    ///   - authorities: the system's, where there are none.
    ///   - path: where `tls` stands in the settings.
    public init(authorities: String?, certificate: String?, key: String?, at path: String) throws(Failure) {
        do {
            credentials = try TLSCredentials(
                .client,
                .client(
                    trust: authorities.map { .authorities(.file($0)) } ?? .system,
                    certificate: certificate.map { .file($0) }, key: key.map { .file($0) }))
        } catch {
            throw Failure("\(path).tls: \(error)")
        }
    }

    /// For each new connection. A host's certificate lasts weeks, and is replaced on the disk while we run. Looking costs three
    /// system calls.
    public func context(for thread: String, _ log: Log) -> @Sendable () -> TLSContext {
        { [credentials] in
            if credentials.changedOnDisk() {
                do {
                    try credentials.reload()
                    log.info("certificate taken into use", ["thread": .string(thread)])
                } catch {
                    log.error(
                        "certificate on disk refused, the last good one stays",
                        ["thread": .string(thread), "cause": .error(error)])
                }
            }
            return credentials.current
        }
    }
}
