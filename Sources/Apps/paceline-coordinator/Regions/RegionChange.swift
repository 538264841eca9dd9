// What an operator wants of a region: held against what the others carry, and written beside who wants it and why.
import CatalogWire
import Documents
import Fleet
import HTTP
import Ledger
import Postgres
import Units

extension RegionOrder {
    /// In the audit log, and behind `paceline fleet`.
    var deed: String { self == .serve ? "restore" : rawValue }
}

/// What a change would come to, as the leader sees it now.
struct RegionEffects: Sendable {
    let outlook: RegionOutlook
    /// What is leased to the region's holders and not known to be spent, by currency.
    let leased: [(currency: String, amount: Micros)]
    /// Until it is fenced where nobody renews it.
    let lease: Interval
    /// Until the last of its traffic has gone, or all of it is back.
    let takes: Interval

    func tree(_ order: RegionOrder) -> JSONTree {
        [
            "requestsPerSecond": Self.rate(outlook.requests), "spare": Self.rate(outlook.spare),
            "moving": Self.rate(outlook.moving),
            "fits": .bool(order == .serve || outlook.fits),
            "others": .array(
                outlook.others.map {
                    [
                        "region": .string($0.region), "carries": .number($0.carries),
                        "requestsPerSecond": Self.rate($0.requests),
                        "takes": Self.rate(order == .serve ? 0 : $0.takes),
                    ]
                }),
            "leased": .array(
                leased.map {
                    [
                        "currency": .string($0.currency), "amount": JSONTree(.number($0.amount.description)),
                    ]
                }),
            "leaseSeconds": .number(lease.wholeMilliseconds / 1_000),
            "takesSeconds": .number(takes.wholeMilliseconds / 1_000),
        ]
    }

    /// In tenths; null where nobody knows.
    static func rate(_ rate: Double?) -> JSONTree {
        rate.map { JSONTree(.number("\(($0 * 10).rounded() / 10)")) } ?? .null
    }
}

struct RegionChange: ChangeOrder {
    let region: String
    let order: RegionOrder
    let isForced: Bool
    /// Found again in the change's turn.
    var effects: RegionEffects
    let condition: ChangeCondition
    let key: String
    /// Of all that is asked.
    let digest: BlobDigest
    let who: String
    let note: String
    let isDryRun: Bool

    var kind: PublicationKind? { nil }
    var name: String { order.deed }

    var questions: PostgresBatch {
        var batch = PostgresBatch.questions(key)
        // All of them: what was asked of the others counts as well.
        batch.add(RegionStatements.all)
        return batch
    }

    func draft(of found: [PostgresRows]) -> ChangeOutcome {
        ChangeOutcome(found[0], digest) {
            let row =
                try found[1].map { try RegionRow($0) }.first { $0.name == region }
                ?? RegionRow(name: region)
            try check(row.version)
            let isChanged = row.order != order
            if isDryRun || !isChanged {
                return .answered(
                    ChangeAnswer(status: .ok, version: row.version, body: body(row.version, isChanged)))
            }
            if order != .serve, !effects.outlook.fits, !isForced { throw refusal }
            let answer = ChangeAnswer(
                status: .ok, version: row.version + 1, body: body(row.version + 1, true))
            return .draft(
                ChangeDraft(number: row.version + 1, answer: answer) { [self] stamp in
                    var made = PostgresBatch()
                    made.add(
                        RegionStatements.ask,
                        values: stamp.leader + [
                            .text(region), .int8(row.version), .text(order.deed), .text(order.rawValue),
                            .bool(isForced), .timestamptz(stamp.at), .text(who), .text(note),
                            .text(effects.tree(order).line),
                        ])
                    made.add(remembering: answer, key, digest, at: stamp.at)
                    return made
                })
        }
    }

    private func check(_ version: Int64) throws(OrderRefusal) {
        let isWrong =
            switch condition {
            case .absent: true
            case .version(let wanted): wanted != version
            case .nothing, .present: false
            }
        guard isWrong else { return }
        throw OrderRefusal(
            .preconditionFailed, "what is asked of the region is not as you saw it",
            [.init("version", .string("\(version)"))])
    }

    /// With the numbers that somebody who forces it answers for.
    private var refusal: OrderRefusal {
        let outlook = effects.outlook
        let title: String
        if outlook.others.isEmpty {
            title = "no other region takes traffic"
        } else if outlook.moving == nil {
            title = "what a region that goes already leaves to the others was not counted"
        } else if let requests = outlook.requests {
            let unknown = outlook.others.filter { $0.requests == nil }.map(\.region)
            let without =
                unknown.isEmpty ? "" : " (\(unknown.joined(separator: ", ")): silent, suspect or not counted)"
            title =
                "the other regions have room for \(Self.whole(outlook.spare)) requests a second\(without), and \(region) answers \(Self.whole(requests))"
        } else {
            title = "what \(region) answers was not counted for long enough by this coordinator"
        }
        guard case .object(let members) = effects.tree(order).content else {
            return OrderRefusal(.conflict, title)
        }
        return OrderRefusal(
            .conflict, title + "; force it, or ask again later", [.init("region", .string(region))] + members)
    }

    private static func whole(_ rate: Double) -> String { "\(Int(rate.rounded()))" }

    private func body(_ version: Int64, _ isChanged: Bool) -> String {
        JSONTree.object([
            .init("region", .string(region)), .init("asked", .string(order.rawValue)),
            .init("version", .string("\(version)")), .init("isChanged", .bool(isChanged)),
            .init("isDryRun", .bool(isDryRun)), .init("isForced", .bool(isForced)),
            .init("effects", effects.tree(order)),
        ]).line
    }
}
