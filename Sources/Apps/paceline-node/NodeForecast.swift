// A node's part of a forecast: what a campaign that is not published yet could have had of the requests that it was asked lately, as the
// answer to a question of the coordinator's.
import Catalog
import Commands
import Decision
import DecisionJournal
import Documents
import Notices
import Serving
import Settings
import Units

struct NodeForecast: Sendable {
    private let journal: String
    private let catalogs: String
    private let keys: NoticeKeys?
    private let oneIn: Int

    init?(_ settings: NodeSettings, _ keys: NoticeKeys?) {
        guard let journal = settings.journal, let catalog = settings.catalog else { return nil }
        self.journal = journal.directory
        catalogs = catalog.stateDirectory
        oneIn = Int(journal.requestOneIn)
        self.keys = keys
    }

    /// `{"catalog": a catalog with one campaign, "start": …, "end": …, "seed": …}`.
    func answer(_ body: JSONTree) -> QuestionAnswer.Outcome {
        let (file, start, end, seed): (JSONTree, Instant, Instant, UInt64)
        do throws(Malformed) {
            let fields = try Fields(body, at: "")
            file = try fields.tree("catalog", "a catalog")
            (start, end) = (try fields.instant("start"), try fields.instant("end"))
            seed = try fields.bits("seed")
            guard start < end else { throw Malformed(place: "end", allowed: "an instant after start") }
        } catch {
            return .failed(
                "the question is not one of this version: \(error.place): allowed \(error.allowed)")
        }
        let snapshot: CatalogSnapshot
        do {
            let bytes = try CatalogDocuments.compile(file)
            snapshot = try CatalogSnapshot(copying: bytes)
        } catch let problems as CatalogProblems {
            let first = problems.all.first.map { "\($0.field): found \($0.refusal.found)" } ?? ""
            return .failed("this version does not take the campaign: \(first)")
        } catch {
            return .failed("this version does not take the campaign: \(error)")
        }
        do throws(Failure) {
            let sample = try SupplySample(
                of: journal, DecisionMakers(stores: [catalogs], keys: keys), for: snapshot,
                flight: start..<end, seed: seed)
            return .known(tree(sample))
        } catch {
            return .failed(error.message)
        }
    }

    private func tree(_ sample: SupplySample) -> JSONTree {
        func real(_ value: Double) -> JSONTree { JSONTree(.number("\(value)")) }
        func price(_ part: Double) -> JSONTree {
            let index = Int(part * Double(sample.prices.count - 1))
            return sample.prices.isEmpty ? .null : JSONTree(.number(sample.prices[index].description))
        }
        // Two thousand requests with as many places as there are, at a billion each, are more than an amount can be.
        let sum = sample.prices.reduce(Micros.zero) { $0.adding($1) ?? .max }
        return [
            "decisions": .number(sample.decisions), "perSecond": real(sample.perSecond),
            "seconds": real(sample.seconds), "kept": .number(sample.kept), "keptOneIn": .number(oneIn),
            "decided": .number(sample.decided), "requests": .number(sample.requests),
            "places": .number(sample.places), "contested": .number(sample.contested),
            "priced": .number(sample.prices.count), "priceSum": JSONTree(.number(sum.description)),
            "priceTenth": price(0.1), "priceMiddle": price(0.5), "priceNineTenths": price(0.9),
            "otherCurrency": .number(sample.otherCurrency), "countable": .number(sample.countable),
            "viewers": .number(sample.viewers.distinct), "once": .number(sample.viewers.once),
            "twice": .number(sample.viewers.twice), "isCut": .bool(sample.isCut),
            "journals": .number(sample.journals), "unread": .number(sample.unread),
            "weekdays": .array(
                sample.weekdays.map { ["decided": .number($0.decided), "places": .number($0.places)] }),
            "outcomes": .object(
                sample.outcomes.sorted { $0.key < $1.key }.map {
                    .init("\($0.key)", ["lineItems": .number($0.value), "why": .string($0.key.sentence)])
                }),
            "failures": .object(
                sample.failures.sorted { $0.key < $1.key }.map { .init($0.key, .number($0.value)) }),
        ]
    }
}
