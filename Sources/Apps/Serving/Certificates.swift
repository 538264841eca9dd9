// The credentials of a daemon's listeners: loaded at start or not started, reloaded while serving, last good
// kept.
public import Commands
import Kernel
public import Settings
import Synchronization
public import TLS
public import Telemetry
import Units

/// Used by the main thread; shards only read the credentials that they were given.
public final class Certificates: Sendable {
    private struct Entry: Sendable {
        let path: String
        let credentials: TLSCredentials
        let interval: Interval
    }

    private let entries: [Entry]
    /// When each entry's files were last looked at.
    private let looked: Mutex<[Instant]>
    private let reloads = Mutex<(done: SharedCounter, failed: SharedCounter)?>(nil)

    /// - Parameter all: those of every listener, by their path in the settings.
    public init(_ all: [(path: String, tls: TLSSettings)]) throws(Failure) {
        var entries: [Entry] = []
        for (path, tls) in all {
            do {
                entries.append(
                    Entry(
                        path: path, credentials: try TLSCredentials(.server, TLSConfiguration(tls)),
                        interval: tls.reload))
            } catch {
                throw Failure("\(path): \(error)")
            }
        }
        self.entries = entries
        looked = Mutex(Array(repeating: Kernel.monotonicNow(), count: entries.count))
    }

    /// Those of the listener at this path of the settings; nil where it speaks plain HTTP.
    public subscript(path: String) -> TLSCredentials? { entries.first { $0.path == path }?.credentials }

    public func register(in catalogue: inout MetricsCatalogue) {
        for entry in entries {
            catalogue.computedGauge(
                "paceline_certificate_expiry_seconds",
                help: "When the certificate in use expires, in seconds since 1970.", unit: .seconds,
                labels: ["listener": entry.path]
            ) { entry.credentials.certificateExpires.map { Double($0.nanoseconds) / 1e9 } }
        }
        let done = catalogue.sharedCounter(
            "paceline_certificate_reloads_total", help: "Certificates taken into use while serving.")
        let failed = catalogue.sharedCounter(
            "paceline_certificate_reload_failures_total",
            help: "Certificates on disk that were refused; the last good ones stay in use.")
        reloads.withLock { $0 = (done, failed) }
    }

    /// Takes into use what has changed on disk, where it is time to look, or everything.
    ///
    /// - Parameter note: told of each, with the reason where it was refused.
    public func reload(
        evenUnchanged: Bool, _ log: Log, note: (_ path: String, _ refused: String?) -> Void = { _, _ in }
    ) {
        let now = Kernel.monotonicNow()
        for (index, entry) in entries.enumerated() {
            let isDue = looked.withLock { now - $0[index] >= entry.interval }
            guard evenUnchanged || isDue else { continue }
            looked.withLock { $0[index] = now }
            guard evenUnchanged || entry.credentials.changedOnDisk() else { continue }
            do {
                try entry.credentials.reload()
                reloads.withLock { $0?.done.add() }
                note(entry.path, nil)
                log.info("certificate taken into use", ["listener": .string(entry.path)])
            } catch {
                reloads.withLock { $0?.failed.add() }
                note(entry.path, "\(error)")
                log.error(
                    "certificate on disk refused, the last good one stays",
                    ["listener": .string(entry.path), "cause": .error(error)])
            }
        }
    }
}
