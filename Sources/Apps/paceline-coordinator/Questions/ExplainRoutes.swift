// `GET /api/v1/explain?id=…`: why a decision came out as it did, by the node that made it. A decision's id says nothing of its node, so all
// are asked. What comes back may tell of a viewer, so that nobody is shown it without an entry of the audit log.
import Commands
import Documents
import HTTP
import Kernel
import Postgres
import Serving
import Units

/// Used on the root's thread only.
final class ExplainRoutes {
    private let desk: QuestionDesk
    private let root: Root
    private let reads: AdminReads

    /// A node is asked within a second, and reads a quarter of a gigabyte of each journal at most.
    private static let limit = Interval.seconds(8)

    private static let note = PostgresStatement(
        """
        insert into paceline.audit (at, who, what, kind, id) values ($1, $2, 'explain', 'decisions', $3)
        """, .timestamptz, .text, .text)

    init(_ desk: QuestionDesk, _ root: Root, _ reads: AdminReads) {
        (self.desk, self.root, self.reads) = (desk, root, reads)
    }

    func explain(_ request: borrowing Request, _ caller: Caller, _ response: inout Response) {
        guard let text = Query(request)["id"], let id = WordKind.identifier.value(of: text) else {
            return response.malformed(
                "id", "sixteen hexadecimal digits: an answer's bidid, or the id of one of its bids")
        }
        let place = request.place
        let name = hexadecimal(id)
        let refusal = desk.ask(
            "explain", ["decision": .string(name)], for: RateSubject(caller, request), within: Self.limit,
            isEnough: { _ in true }
        ) { [weak self] in self?.answer(name, $0, caller, place) }
        switch refusal {
        case .notLeading: response.notLeader(root)
        case .busy: response.asksTooMuch()
        case nil: response.isHeld = true
        }
    }

    private func answer(
        _ id: String, _ nodes: [QuestionDesk.NodeStanding], _ caller: Caller, _ place: AnswerPlace
    ) {
        let trees = JSONTree.array(nodes.map(\.tree))
        for node in nodes {
            guard case .known(let tree) = node.standing else { continue }
            // Shown when it is written that it is.
            return reads.ask(
                Self.note, [.timestamptz(Kernel.wallNow()), .text(caller.name), .text(id)], place
            ) { _, response in
                response.json([
                    "decision": .string(id), "answeredBy": .string(node.node), "nodes": trees,
                    "explanation": tree,
                ])
            }
        }
        reads.server?.answer(place) { response in
            if !nodes.isEmpty, nodes.allSatisfy(\.hasNothing) {
                return response.problem(
                    .notFound, "no node has the decision among its latest", [.init("nodes", trees)])
            }
            response.header("retry-after", "5")
            response.problem(
                .serviceUnavailable,
                nodes.isEmpty
                    ? "no node has asked this coordinator for questions"
                    : "no node that has answered has the decision, and not all have answered",
                [.init("nodes", trees)])
        }
    }
}

extension Response {
    /// Operators' questions are bounded, as each has every node read its journal.
    mutating func asksTooMuch() {
        header("retry-after", "5")
        problem(
            .serviceUnavailable,
            "nodes are asked enough already: a few questions at once, two of them yours, and \(QuestionQuota.perMinuteMost) within a minute, two thirds of them yours; ask again"
        )
    }
}

extension RateSubject {
    /// Who asks, for whatever is counted for each.
    init(_ caller: Caller, _ request: borrowing Request) {
        self.init(.known(caller), request.address)
    }
}
