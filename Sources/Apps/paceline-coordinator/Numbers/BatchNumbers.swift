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
/// One key has the fence: under which leader, and on which timeline, numbers are taken. One key for each process has its last number. A
/// leader takes the fence before it looks; a number is put where the fence is its leader's, and where the process's last number is
/// the one before it.
final class BatchNumbers {
    enum Kept {
        case kept
        /// Another leader has the fence: of what is not kept nobody may be told.
        case fenced
        case unknown(String)
    }

    enum Looked {
        /// What was kept, with the fence in this leader's hands.
        case found(KeptNumbers)
        /// The database is a copy that the others have left.
        case left(NumberFence)
        /// Nobody answers, or another coordinator has just taken the fence.
        case unknown(String)
    }

    private let etcd: EtcdClient
    private let prefix: String
    private let process: UInt64
    /// What this leader wrote into the fence.
    private var fence = ""
    /// This process's last number there; nil for none.
    private var last: UInt64?
    /// Processes whose numbers say nothing more once a batch is kept that has what was found of them.
    private var former: [UInt64] = []
    /// A leader's findings are written down behind it, and said so there.
    private var isSettled = false

    init(
        _ settings: CoordinatorSettings.Numbers, of process: UInt64, on reactor: Reactor, _ log: Log
    ) throws(Failure) {
        let peers = try IssuerPeers(settings.etcd, settings.tls, at: "numbers", list: "etcd")
        var limits = ClientLimits()
        limits.connectionsPerEndpoint = 2
        limits.responseBytes = 1024 * 1024
        let client = Client(
            reactor: reactor, limits: limits, atEachConnection: peers.context(for: "root", log))
        etcd = EtcdClient(peers.endpoints, over: client, timeout: settings.timeout)
        prefix = settings.prefix
        self.process = process
    }

    // MARK: Keys

    private var fenceKey: String { "\(prefix)fence" }
    private var settledKey: String { "\(prefix)settled" }
    private var streams: String { "\(prefix)stream:" }
    private func stream(_ process: UInt64) -> String { "\(streams)\(process)" }

    private static func text(_ fence: NumberFence) -> String {
        "\(fence.timeline.system):\(fence.timeline.line):\(fence.epoch.rawValue):\(fence.process)"
    }

    private static func fence(_ text: String) -> NumberFence? {
        let parts = text.split(separator: ":").map { UInt64($0) }
        guard parts.count == 4, let system = parts[0], let line = parts[1].flatMap(UInt32.init(exactly:)),
            let epoch = parts[2], let process = parts[3]
        else { return nil }
        return NumberFence(
            timeline: DatabaseTimeline(system: system, line: line), epoch: Epoch(epoch), process: process)
    }

    // MARK: Keeping

    /// Done again it is done; calls back once.
    ///
    /// - Parameter settles: with this batch the database has what its leader has found.
    func keep(_ number: UInt64, settles: Bool, _ done: @escaping (Kept) -> Void) {
        let own = stream(process)
        let leaving = settles ? former : []
        var operations: [EtcdTransaction.Operation] = [.put(own, value: "\(number)")]
        operations += leaving.map { .delete(stream($0)) }
        if settles, !isSettled { operations.append(.put(settledKey, value: "1")) }
        let transaction = EtcdTransaction(
            if: [.has(fenceKey, value: fence), last.map { .has(own, value: "\($0)") } ?? .isAbsent(own)],
            operations, otherwise: [.read(fenceKey), .read(own)])
        etcd.run(transaction) { [self] result in
            switch result {
            case .failure(let failure): done(.unknown("\(failure)"))
            case .success(let result):
                // An answer may have been lost that said the same.
                let isThere = result.found[own] == "\(number)" && result.found[fenceKey] == fence
                guard result.isDone || isThere else { return done(.fenced) }
                last = number
                if settles { (former, isSettled) = ([], true) }
                done(.kept)
            }
        }
    }

    // MARK: Looking

    /// Takes the fence, and says what was kept; calls back once.
    func look(_ own: NumberFence, _ done: @escaping (Looked) -> Void) {
        etcd.run(EtcdTransaction([.read(fenceKey)])) { [self] result in
            switch result {
            case .failure(let failure): done(.unknown("\(failure)"))
            case .success(let result):
                let held = result.found[fenceKey]
                if let held {
                    guard let other = Self.fence(held) else { return done(.unknown(unreadable(fenceKey))) }
                    if own.isLeftBehind(by: other) { return done(.left(other)) }
                }
                take(own, from: held, done)
            }
        }
    }

    private func unreadable(_ key: String) -> String { "what etcd has under \(key) is not ours" }

    private func take(_ own: NumberFence, from held: String?, _ done: @escaping (Looked) -> Void) {
        let text = Self.text(own)
        let transaction = EtcdTransaction(
            if: [held.map { .has(fenceKey, value: $0) } ?? .isAbsent(fenceKey)],
            [.put(fenceKey, value: text), .read(settledKey), .readAll(prefix: streams)])
        etcd.run(transaction) { [self] result in
            switch result {
            case .failure(let failure): done(.unknown("\(failure)"))
            case .success(let result) where !result.isDone:
                done(.unknown("another coordinator has taken \(fenceKey)"))
            case .success(let result):
                var kept = KeptNumbers(isSettled: result.found[settledKey] != nil, last: [:])
                for (key, value) in result.found where key != settledKey {
                    guard let process = UInt64(key.dropFirst(streams.count)), let number = UInt64(value)
                    else {
                        return done(.unknown(unreadable(key)))
                    }
                    kept.last[process] = number
                }
                fence = text
                last = kept.last[process]
                former = kept.last.keys.filter { $0 != process }
                isSettled = kept.isSettled
                done(.found(kept))
            }
        }
    }
}
