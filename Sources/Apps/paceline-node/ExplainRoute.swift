// `GET /explain?id=…` for operators: why one of the latest decisions came out as it did, from the node's own journal
// and catalogs. To read a journal takes seconds, so a thread of its own does it, one at a time: neither requests for ads
// nor health and metrics wait for it.
import Commands
import DecisionJournal
import Documents
import HTTP
import Kernel
import Notices
import Reactor
import Settings

/// Used on the operators' thread only.
final class ExplainRoute {
    /// Shared with functions that run on the operators' thread. No other thread looks into it.
    private final class Place: @unchecked Sendable {
        weak var server: Server?
        var isBusy = false
    }

    private let search: ExplainSearch
    private let remote: ReactorRemote
    private let place = Place()

    /// Nil where the node has no journal or no catalog.
    init?(_ settings: NodeSettings, _ keys: NoticeKeys?, on reactor: Reactor) {
        guard let search = ExplainSearch(settings, keys) else { return nil }
        self.search = search
        remote = reactor.remote
    }

    /// Through which it answers.
    func attach(_ server: Server) { place.server = server }

    func respond(to request: borrowing Request, _ response: inout Response) {
        guard let id = request.decisionID else {
            response.status = .badRequest
            return response.write(
                "id is sixteen hexadecimal digits: an answer's bidid, or the id of a bid.\n")
        }
        guard !place.isBusy else {
            response.status = .serviceUnavailable
            response.header("retry-after", "1")
            return response.write("Another decision is being looked for, and one at a time is. Ask again.\n")
        }
        let asked = request.place
        do {
            try Thread(name: "explain") { [search, remote, place] in
                Kernel.stepBehindOtherThreads()
                let found = search.find(id)
                remote.post { _ in
                    place.isBusy = false
                    place.server?.answer(asked) { found.write(into: &$0) }
                }
            }.detach()
        } catch {
            response.status = .internalServerError
            return response.write("The thread that reads journals could not be started: \(error)\n")
        }
        place.isBusy = true
        response.isHeld = true
    }
}

/// Looks for one decision, and explains it.
struct ExplainSearch: Sendable {
    enum Outcome: Sendable {
        case explained(JSONTree)
        case notFound
        case failed(String)

        func write(into response: inout Response) {
            switch self {
            case .explained(let tree):
                response.contentType = "application/json"
                response.write(tree.line)
                response.write("\n")
            case .notFound:
                response.status = .notFound
                response.write("No such decision among the latest.\n")
            case .failed(let message):
                response.status = .internalServerError
                response.write("\(message)\n")
            }
        }
    }

    /// What is read of each shard's journal, the newest segments first: four of the usual size. What is older is
    /// found by `paceline explain`.
    private static let journalBytesMost = 256 * 1024 * 1024

    private let journal: String
    private let catalogs: String
    private let keys: NoticeKeys?

    init?(_ settings: NodeSettings, _ keys: NoticeKeys?) {
        guard let journal = settings.journal, let catalog = settings.catalog else { return nil }
        self.journal = journal.directory
        catalogs = catalog.stateDirectory
        self.keys = keys
    }

    func find(_ id: UInt64) -> Outcome {
        // Anew for each call: what it holds, such as a mapped catalog, is let go of again.
        let makers = DecisionMakers(stores: [catalogs], keys: keys)
        do {
            // A segment that is being written ends in the middle of a record now and then.
            let found = try DecisionSearch.find(id, in: journal, makers, bytesMost: Self.journalBytesMost) {
                _ in
            }
            guard let found else { return .notFound }
            return .explained(DecisionExplanation(found, makers).tree)
        } catch {
            return .failed(error.message)
        }
    }
}

extension Request {
    /// The query's `id`.
    fileprivate var decisionID: UInt64? {
        guard let id = query.parameter("id") else { return nil }
        return WordKind.identifier.value(of: id.withUnsafeBytes { String(decoding: $0, as: UTF8.self) })
    }
}
