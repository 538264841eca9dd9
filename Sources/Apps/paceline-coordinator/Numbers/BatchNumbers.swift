// The numbers of the ledger's batches in etcd: kept before a batch is answered, and looked at before a promoted database is believed.
import Commands
import Etcd
import HTTP
import Ledger
import LedgerWire
import Reactor
import Serving
import Settings
import Telemetry
import Units

/// Used on the root's thread only.
///
/// One key has the timeline under which numbers are taken, one for each process its last number. A number is put where the
/// timeline is still the one that its batch was written on; whoever leads on another timeline changes that key first.
final class BatchNumbers {
    enum Kept {
        case kept
        /// Numbers are taken under another timeline: the batch is on one that was left.
        case otherTimeline
        case unknown(EtcdFailure)
    }

    enum Looked {
        /// What was kept, under the database's own timeline from now on.
        case found(KeptNumbers)
        /// The database is a copy that the others have left.
        case ahead(DatabaseTimeline)
        /// Nobody answers, or another coordinator has just changed it.
        case unknown(String)
    }

    private let etcd: EtcdClient
    private let prefix: String
    /// Processes whose numbers say nothing more once a batch of this one is kept, which is behind them all.
    private var former: [UInt64] = []
    /// No timeline is kept yet.
    private var begins = false

    init(_ settings: CoordinatorSettings.Numbers, on reactor: Reactor, _ log: Log) throws(Failure) {
        let peers = try IssuerPeers(settings.etcd, settings.tls, at: "numbers", list: "etcd")
        var limits = ClientLimits()
        limits.connectionsPerEndpoint = 2
        limits.responseBytes = 1024 * 1024
        let client = Client(
            reactor: reactor, limits: limits, atEachConnection: peers.context(for: "root", log))
        etcd = EtcdClient(peers.endpoints, over: client, timeout: settings.timeout)
        prefix = settings.prefix
    }

    // MARK: Keys

    private var timelineKey: String { "\(prefix)timeline" }
    private var streams: String { "\(prefix)stream:" }

    private static func text(_ timeline: DatabaseTimeline) -> String {
        "\(timeline.system):\(timeline.line)"
    }

    private static func timeline(_ text: String) -> DatabaseTimeline? {
        let parts = text.split(separator: ":")
        guard parts.count == 2, let system = UInt64(parts[0]), let line = UInt32(parts[1]) else { return nil }
        return DatabaseTimeline(system: system, line: line)
    }

    // MARK: Keeping

    /// Done again it is done; calls back once.
    func keep(
        _ number: UInt64, of process: UInt64, on timeline: DatabaseTimeline, _ done: @escaping (Kept) -> Void
    ) {
        let leaving = former.filter { $0 != process }
        let text = Self.text(timeline)
        let transaction = EtcdTransaction(
            if: begins ? .isAbsent(timelineKey) : .has(timelineKey, value: text),
            (begins ? [.put(timelineKey, value: text)] : [])
                + [.put("\(streams)\(process)", value: "\(number)")]
                + leaving.map { .delete("\(streams)\($0)") })
        etcd.run(transaction) { [self] result in
            switch result {
            case .success(let result) where result.isDone:
                former.removeAll { leaving.contains($0) }
                begins = false
                done(.kept)
            // Where an answer was lost that said the same, the look that follows finds everything as it is to be.
            case .success: done(.otherTimeline)
            case .failure(let failure): done(.unknown(failure))
            }
        }
    }

    // MARK: Looking

    /// What was kept of a database that is on this timeline; calls back once.
    func look(on timeline: DatabaseTimeline, _ done: @escaping (Looked) -> Void) {
        etcd.run(EtcdTransaction([.read(timelineKey), .readAll(prefix: streams)])) { [self] result in
            switch result {
            case .failure(let failure): done(.unknown("\(failure)"))
            case .success(let result):
                guard let kept = kept(result.found) else { return done(.unknown(unreadable)) }
                let step = kept.step(on: timeline)
                begins = step == .begin
                switch step {
                case .believe, .begin: found(kept, done)
                case .leave(let later): done(.ahead(later))
                case .exchange(let former): exchange(former, for: timeline, done)
                }
            }
        }
    }

    private var unreadable: String { "a key under \(prefix) is not one of ours" }

    private func exchange(
        _ former: DatabaseTimeline, for timeline: DatabaseTimeline, _ done: @escaping (Looked) -> Void
    ) {
        let transaction = EtcdTransaction(
            if: .has(timelineKey, value: Self.text(former)),
            [.put(timelineKey, value: Self.text(timeline)), .readAll(prefix: streams)])
        etcd.run(transaction) { [self] result in
            switch result {
            case .failure(let failure): done(.unknown("\(failure)"))
            case .success(let result) where !result.isDone:
                done(.unknown("another coordinator has changed \(timelineKey)"))
            case .success(let result):
                guard var kept = kept(result.found) else { return done(.unknown(unreadable)) }
                kept.timeline = former
                found(kept, done)
            }
        }
    }

    private func found(_ kept: KeptNumbers, _ done: (Looked) -> Void) {
        former = Array(kept.last.keys)
        done(.found(kept))
    }

    private func kept(_ found: [String: String]) -> KeptNumbers? {
        var kept = KeptNumbers(timeline: nil, last: [:])
        for (key, value) in found {
            if key == timelineKey {
                guard let timeline = Self.timeline(value) else { return nil }
                kept.timeline = timeline
            } else {
                guard let process = UInt64(key.dropFirst(streams.count)), let number = UInt64(value) else {
                    return nil
                }
                kept.last[process] = number
            }
        }
        return kept
    }
}
