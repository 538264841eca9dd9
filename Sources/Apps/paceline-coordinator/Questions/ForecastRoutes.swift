// `POST /api/v1/catalog/forecast`: what a campaign could have, before it is saved. The draft is checked as a change would be, nodes decide
// samples of their recorded requests with it, and what they count is scaled to the days of its flight. Nothing is kept or published.
import Catalog
import CatalogWire
import Documents
import HTTP
import Kernel
import Ledger
import Postgres
import Reactor
import Serving
import Units

/// Used on the root's thread only.
final class ForecastRoutes {
    private let desk: QuestionDesk
    private let root: Root
    private let reads: AdminReads
    private let remote: ReactorRemote
    private var drafting = 0

    /// A node is asked within a second, and takes five for its sample at most, one after the other.
    private static let limit = Interval.seconds(15)
    /// Each reads the whole catalog.
    private static let draftingMost = 2

    init(_ desk: QuestionDesk, _ root: Root, _ reads: AdminReads, on reactor: Reactor) {
        (self.desk, self.root, self.reads) = (desk, root, reads)
        remote = reactor.remote
    }

    /// Taken from the root's thread to the root's thread, through the one that reads the catalog.
    private final class Held: @unchecked Sendable {
        weak var routes: ForecastRoutes?
        let place: AnswerPlace
        let who: RateSubject
        init(_ routes: ForecastRoutes, _ place: AnswerPlace, _ who: RateSubject) {
            (self.routes, self.place, self.who) = (routes, place, who)
        }
    }

    func forecast(_ request: borrowing Request, _ caller: Caller, _ response: inout Response) {
        guard root.leads else { return response.notLeader(root) }
        guard drafting < Self.draftingMost else { return response.asksTooMuch() }
        let text = request.body.withUnsafeBytes { Array($0) }
        let held = Held(self, request.place, RateSubject(caller, request))
        drafting += 1
        response.isHeld = true
        reads.find(CatalogStatements.documents, []) { [weak self] found in
            guard let self else { return }
            switch found {
            case .failure(let silence):
                drafting -= 1
                reads.server?.answer(held.place) { silence.write(&$0) }
            case .success(let rows): draft(rows, text, held)
            }
        }
    }

    private func draft(_ rows: PostgresRows, _ text: [UInt8], _ held: Held) {
        let remote = remote
        do {
            try Thread(name: "forecast") {
                var seeds = SystemRandomNumberGenerator()
                let seed = seeds.next()
                let made = Result { try ForecastDraft(rows, text, at: Kernel.wallNow(), seed: seed) }
                _ = remote.post { _ in held.routes?.drafted(made, held.place, held.who) }
            }.detach()
        } catch {
            drafting -= 1
            reads.server?.answer(held.place) {
                $0.problem(.serviceUnavailable, "no thread to read the catalog: \(error)")
            }
        }
    }

    private func drafted(
        _ made: Result<ForecastDraft, any Error>, _ place: AnswerPlace, _ who: RateSubject
    ) {
        drafting -= 1
        let draft: ForecastDraft
        do {
            draft = try made.get()
        } catch let refusal as OrderRefusal {
            reads.server?.answer(place) { $0.problem(refusal.status, refusal.title, refusal.members) }
            return
        } catch {
            reads.server?.answer(place) {
                $0.problem(.internalServerError, "the catalog could not be read: \(error)")
            }
            return
        }
        var terms = draft.terms
        terms.spent = spent(terms)
        let refusal = desk.ask(
            "forecast", draft.body, for: who, within: Self.limit, isEnough: { _ in false }
        ) { [weak self, terms] in self?.answer(terms, $0, place) }
        guard let refusal else { return }
        reads.server?.answer(place) { [root] response in
            switch refusal {
            case .notLeading: response.notLeader(root)
            case .busy: response.asksTooMuch()
            }
        }
    }

    /// Of a campaign that runs, what is gone of its budget: settled, and presumed spent. Its days' windows are in it.
    private func spent(_ terms: ForecastDraft.Terms) -> Micros {
        guard let book = root.machine.book,
            let account = root.machine.account(AccountName(campaign: terms.campaign)),
            account.row < book.accounts.count
        else { return .zero }
        let row = book.accounts[account.row]
        guard "\(row.currency)" == terms.currency else { return .zero }
        return row.settled.adding(row.presumed) ?? .max
    }

    private func answer(
        _ terms: ForecastDraft.Terms, _ nodes: [QuestionDesk.NodeStanding], _ place: AnswerPlace
    ) {
        var samples: [ForecastSample] = []
        var trees: [JSONTree] = []
        for node in nodes {
            var tree = node.tree
            if case .known(let known) = node.standing {
                do throws(Malformed) {
                    samples.append(try ForecastSample(known, region: node.region))
                } catch {
                    tree =
                        QuestionDesk.NodeStanding(
                            node: node.node, region: node.region,
                            standing: .failed(
                                "it answers what is none: \(error.place): allowed \(error.allowed)"),
                            silence: node.silence
                        ).tree
                }
            }
            trees.append(tree)
        }
        reads.server?.answer(place) { response in
            guard !samples.isEmpty else {
                response.header("retry-after", "5")
                return response.problem(
                    .serviceUnavailable, "no node has answered with a sample", [.init("nodes", .array(trees))]
                )
            }
            let forecast = Forecast(terms, samples, silent: nodes.count - samples.count).tree
            guard case .object(let members) = forecast.content else { return }
            response.json(.object(members + [.init("nodes", .array(trees))]))
        }
    }
}
