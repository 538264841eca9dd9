// What nodes are asked about a campaign that is not published: the campaign as it would be, alone in a catalog of its own with what it needs,
// checked as a change of the catalog is. Made on a thread, as a large catalog takes seconds to read.
import Catalog
import CatalogWire
import Documents
import HTTP
import Postgres
import Serving
import Units

struct ForecastDraft: Sendable {
    /// What a day of the flight may spend, and where the campaign stands.
    struct Terms: Sendable {
        struct Cap: Sendable {
            let lineItem: String
            let impressions: Int64
            let window: Interval
        }

        let campaign: String
        let currency: String
        let flight: Range<Instant>
        let lifetime: Micros
        /// Of a campaign that runs, what its account has settled and presumed spent.
        var spent = Micros.zero
        let daily: Micros?
        let caps: [Cap]
        /// Every line item has one, so that none can do what the others may not.
        let isCapped: Bool
        let lineItems: [String]
        /// Inventory that was left out for want of room.
        let leftOut: Int
        let isPaused: Bool
    }

    let terms: Terms
    let body: JSONTree

    /// - Parameters:
    ///   - rows: the documents of the published catalog, by kind.
    ///   - text: what is asked about, as `catalog/add` takes it.
    init(_ rows: PostgresRows, _ text: [UInt8], at now: Instant, seed: UInt64) throws {
        let asked: JSONTree
        do {
            asked = try JSONTree(reading: text)
        } catch {
            throw OrderRefusal(
                .badRequest, "the body is not JSON",
                [.init("field", "the body"), .init("allowed", .string("JSON: \(error)"))])
        }
        guard let one = asked["campaigns"]?.elements, one.count == 1, let id = one[0].id else {
            throw Self.refused("campaigns", "one campaign with its id")
        }
        var all = try CatalogDocuments(rows)
        for kind in EntityKind.allCases {
            for (index, document) in (asked[kind.rawValue]?.elements ?? []).enumerated() {
                guard let id = document.id else {
                    throw Self.refused("\(kind.rawValue)[\(index)].id", "what the catalog calls it")
                }
                all[CatalogKey(kind, id)] = document
            }
        }
        let file = Self.alone(id, all.file)
        do throws(CatalogProblems) {
            _ = try CatalogDocuments.compile(file)
        } catch {
            throw OrderRefusal(error) { _ in false }
        }
        var reading = CatalogReading()
        reading.add("", Array(file.line.utf8))
        let source = try reading.finish()
        guard !source.lineItems.isEmpty else {
            throw Self.refused("lineItems", "a line item of the campaign: without one nothing of it competes")
        }
        let campaign = source.campaigns[0]
        let start = max(campaign.flight.start, now)
        guard start < campaign.flight.end else {
            throw Self.refused("campaigns[0].flight.end", "an end after now: the flight is over")
        }
        var body = Self.body(file, start..<campaign.flight.end, seed)
        var leftOut = 0
        if body.line.utf8.count > QuestionWord.questionBytesMost {
            let named = file["lineItems"]?.line ?? ""
            let inventory = file["inventory"]?.elements ?? []
            let kept = inventory.filter { named.contains("\"\($0.id ?? "")\"") }
            leftOut = inventory.count - kept.count
            body = Self.body(
                file.setting("inventory", to: .array(kept)), start..<campaign.flight.end, seed)
        }
        guard body.line.utf8.count <= QuestionWord.questionBytesMost else {
            throw Self.refused(
                "the campaign",
                "line items, creatives, publishers and deals of at most \(QuestionWord.questionBytesMost) bytes together"
            )
        }
        self.body = body
        terms = Terms(
            campaign: id, currency: "\(campaign.currency)", flight: start..<campaign.flight.end,
            lifetime: campaign.lifetimeBudget, daily: campaign.dailyBudget,
            caps: source.lineItems.flatMap { item in
                item.frequencyCaps.map { cap in
                    .init(
                        lineItem: item.id, impressions: Int64(cap.impressions),
                        window: cap.windowMinutes.map { .seconds(60 * Int64($0)) } ?? campaign.flight.end
                            - start)
                }
            },
            isCapped: source.lineItems.allSatisfy { !$0.frequencyCaps.isEmpty },
            lineItems: source.lineItems.map(\.id), leftOut: leftOut,
            isPaused: all[CatalogKey(.campaigns, id)]?["paused"]?.isTrue ?? false)
    }

    private static func refused(_ field: String, _ allowed: String) -> OrderRefusal {
        OrderRefusal(
            .unprocessableContent, "nothing can be forecast of this",
            [.init("field", .string(field)), .init("allowed", .string(allowed))])
    }

    private static func body(_ file: JSONTree, _ flight: Range<Instant>, _ seed: UInt64) -> JSONTree {
        [
            "catalog": file, "start": .string("\(flight.lowerBound.nanoseconds)"),
            "end": .string("\(flight.upperBound.nanoseconds)"), "seed": .string("\(seed)"),
        ]
    }

    // MARK: One campaign

    /// The campaign, as if it was not paused, with its line items, their creatives and its advertiser; and all places and deals.
    private static func alone(_ id: String, _ file: JSONTree) -> JSONTree {
        func things(_ kind: EntityKind) -> [JSONTree] { file[kind.rawValue]?.elements ?? [] }
        let campaign = things(.campaigns).filter { $0.id == id }.map { $0.setting("paused", to: nil) }
        let advertiser = campaign.first?["advertiser"]?.text
        let lineItems = things(.lineItems).filter { $0["campaign"]?.text == id }
        let creatives = Set(
            lineItems.flatMap { ($0["creatives"]?.elements ?? []).compactMap(\.text) })
        let advertisers = things(.advertisers).filter { $0.id == advertiser }
        let domains = advertisers.flatMap { ($0["domains"]?.elements ?? []).compactMap(\.text) }
        let lists = things(.blockLists).map { list in
            // What it blocks of others is nothing to this campaign.
            list.setting("creatives", to: list["creatives"]?.only { creatives.contains($0) })
                .setting(
                    "domains",
                    to: list["domains"]?.only { one in
                        domains.contains { $0 == one || $0.hasSuffix("." + one) || one.hasSuffix("." + $0) }
                    })
        }
        return .object([
            .init(EntityKind.advertisers.rawValue, .array(advertisers)),
            .init(EntityKind.campaigns.rawValue, .array(campaign)),
            .init(EntityKind.lineItems.rawValue, .array(lineItems)),
            .init(
                EntityKind.creatives.rawValue,
                .array(things(.creatives).filter { creatives.contains($0.id ?? "") })),
            .init(EntityKind.publishers.rawValue, .array(things(.publishers))),
            .init(EntityKind.inventory.rawValue, .array(things(.inventory))),
            .init(EntityKind.deals.rawValue, .array(things(.deals))),
            .init(EntityKind.blockLists.rawValue, .array(lists)),
        ])
    }
}

extension JSONTree {
    fileprivate var id: String? { self["id"]?.text }
    fileprivate var isTrue: Bool { if case .bool(true) = content { true } else { false } }

    /// Of a list of texts.
    fileprivate func only(_ isKept: (String) -> Bool) -> JSONTree {
        .array(elements.filter { $0.text.map(isKept) ?? true })
    }
}
