// `GET /explain?id=…` for operators: why one of the latest decisions came out as it did, from the node's own journal
// and catalogs. It takes what reading a journal takes, on the operators' thread: no request for an ad waits for it.
import Commands
import DecisionJournal
import Documents
import HTTP
import Notices
import Settings

struct ExplainRoute {
    /// What is read of each shard's journal, the newest segments first: four of the usual size. What is older is
    /// found by `paceline explain`.
    private static let journalBytesMost = 256 * 1024 * 1024

    private let journal: String
    private let catalogs: String
    private let keys: NoticeKeys?

    /// Nil where the node has no journal or no catalog.
    init?(_ settings: NodeSettings, _ keys: NoticeKeys?) {
        guard let journal = settings.journal, let catalog = settings.catalog else { return nil }
        self.journal = journal.directory
        catalogs = catalog.stateDirectory
        self.keys = keys
    }

    func respond(to request: borrowing Request, _ response: inout Response) {
        guard let id = request.decisionID else {
            response.status = .badRequest
            return response.write(
                "id is sixteen hexadecimal digits: an answer's bidid, or the id of a bid.\n")
        }
        // Anew for each call: what it holds, such as a mapped catalog, is let go of again.
        let makers = DecisionMakers(stores: [catalogs], keys: keys)
        do {
            // A segment that is being written ends in the middle of a record now and then.
            let found = try DecisionSearch.find(id, in: journal, makers, bytesMost: Self.journalBytesMost) {
                _ in
            }
            guard let found else {
                response.status = .notFound
                return response.write("No such decision among the latest.\n")
            }
            response.contentType = "application/json"
            response.write(DecisionExplanation(found, makers).tree.line)
            response.write("\n")
        } catch {
            response.status = .internalServerError
            response.write("\(error.message)\n")
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
