// Holds what exchanges wrote down against the ledger's rows, and both against themselves. It knows nothing of the programs
// between them: what it finds is wrong whoever is to blame.

/// What an exchange knows of one ad in the end.
public struct BillOutcome: Sendable {
    public var told: BillEvent?
    public var resolutions: [BillEvent] = []

    public var last: BillEvent.Kind? { resolutions.last?.kind }
}

public struct Reconciler {
    private let record: BillRecord
    private let rows: LedgerRows
    private var found: [Discrepancy] = []
    private var bills: [BillKey: BillOutcome] = [:]
    private let accounts: [Int64: LedgerRows.Account]

    /// - Parameter earlier: a former reading of the same ledger, none of whose settlements may have gone.
    public static func discrepancies(
        between record: BillRecord, and rows: LedgerRows, since earlier: LedgerRows? = nil
    ) -> [Discrepancy] {
        var one = Reconciler(record, rows)
        one.followBills()
        one.compareSettlements()
        one.compareBudgets()
        one.addUpMovements()
        one.addUpSessions()
        one.addUpNodes()
        if let earlier { one.compare(with: earlier) }
        one.found += Delivery.all(in: record).flatMap(\.discrepancies)
        return one.found
    }

    private init(_ record: BillRecord, _ rows: LedgerRows) {
        self.record = record
        self.rows = rows
        accounts = Dictionary(rows.accounts.map { ($0.id, $0) }) { first, _ in first }
    }

    private mutating func report(_ kind: Discrepancy.Kind, _ what: String) {
        found.append(Discrepancy(kind, what))
    }

    // MARK: The exchange's own record

    public static func outcomes(of record: BillRecord) -> [BillKey: BillOutcome] {
        var bills: [BillKey: BillOutcome] = [:]
        for event in record.events {
            switch event.kind {
            case .sold: break
            case .told: bills[event.key, default: BillOutcome()].told = event
            case .acknowledged, .refused, .lost:
                bills[event.key, default: BillOutcome()].resolutions.append(event)
            }
        }
        return bills
    }

    private mutating func followBills() {
        bills = Self.outcomes(of: record)
        for (key, bill) in bills.sorted(by: { $0.key.description < $1.key.description }) {
            if bill.resolutions.isEmpty { report(.unresolved, "nothing became of the bill \(key)") }
            // Who gave up may still hear that the bill counts, as an answer was on its way.
            if Set(bill.resolutions.map(\.kind)).subtracting([.lost]).count > 1
                || bill.resolutions.count(where: { $0.kind != .lost }) > 1
            {
                report(
                    .resolvedTwice,
                    "the bill \(key) was \(bill.resolutions.map(\.kind.rawValue).joined(separator: ", "))")
            }
        }
    }

    // MARK: Settlements

    private mutating func compareSettlements() {
        /// What settles each reservation, in words: a block or a claim.
        var settled: [BillKey: [Int64]] = [:]
        for block in rows.blocks {
            var asked: Int128 = 0
            var isKnown = true
            for bit in 0..<64 where block.mask & (1 << UInt64(bit)) != 0 {
                let key = BillKey(
                    session: block.node, shard: block.shard,
                    sequence: UInt64(truncatingIfNeeded: block.number) << 6 | UInt64(bit))
                settled[key, default: []].append(block.account)
                if let told = bills[key]?.told { asked += Int128(told.amount) } else { isKnown = false }
            }
            let sum = Int128(block.paid) + Int128(block.late)
            if isKnown, sum != asked {
                report(
                    .otherAmount,
                    "block \(block.number) of \(block.node)/\(block.shard), account \(block.account), settles "
                        + "\(sum) micros, and exchanges asked for \(asked)")
            }
        }
        for claim in rows.claims where !claim.isMerged {
            settled[claim.key, default: []].append(claim.account)
            if let told = bills[claim.key]?.told,
                Int128(claim.paid) + Int128(claim.late) != Int128(told.amount)
            {
                report(.otherAmount, "the claim of \(claim.key) is not the \(told.amount) micros of its bill")
            }
        }
        for (key, places) in settled.sorted(by: { $0.key.description < $1.key.description }) {
            if places.count > 1 { report(.settledTwice, "\(key) is settled from accounts \(places)") }
            guard let bill = bills[key], let told = bill.told else {
                report(
                    .settledUntold, "\(key) is settled from account \(places[0]), and no exchange billed it")
                continue
            }
            if bill.last == .refused { report(.refusedAndSettled, "\(key) was refused, and is settled") }
            if let campaign = accounts[places[0]]?.campaign, campaign != told.campaign {
                report(.otherCampaign, "\(key) is an ad of \(told.campaign), and is settled by \(campaign)")
            }
        }
        for (key, bill) in bills.sorted(by: { $0.key.description < $1.key.description })
        where bill.resolutions.contains(where: { $0.kind == .acknowledged }) && settled[key] == nil {
            report(
                .settlementLost,
                "the bill \(key) of \(bill.resolutions[0].amount) micros was acknowledged, and is not settled"
            )
        }
    }

    // MARK: Budgets

    private mutating func compareBudgets() {
        for account in rows.accounts {
            let out =
                Int128(account.granted) + Int128(account.settled) + Int128(account.suspense)
                + Int128(account.presumed)
            if out > Int128(account.budget) {
                report(
                    .overspent,
                    "account \(account.id), \(account.campaign), by \(out - Int128(account.budget)) micros")
            }
        }
        var billed: [String: Int128] = [:]
        for bill in bills.values {
            guard let one = bill.resolutions.first(where: { $0.kind == .acknowledged }) else { continue }
            billed[one.campaign, default: 0] += Int128(one.amount)
        }
        for (campaign, sum) in billed.sorted(by: { $0.key < $1.key }) {
            let mine = rows.accounts.filter {
                $0.campaign == campaign && $0.parent == LedgerRows.Account.none
            }
            let most = mine.reduce(Int128(0)) { $0 + Int128($1.budget) + Int128($1.late) }
            if sum > most {
                report(
                    .billedBeyondBudget,
                    "\(campaign): \(sum) micros were acknowledged, and \(most) are allowed")
            }
        }
    }

    // MARK: The ledger's own sums

    /// An account and its windows, which its own sums count too.
    private func family(_ id: Int64) -> Set<Int64> {
        Set(rows.accounts.filter { $0.id == id || $0.parent == id }.map(\.id))
    }

    private mutating func addUpMovements() {
        var seen: Set<[Int64]> = []
        for one in rows.movements {
            let name = "movement \(one.stream)/\(one.number)/\(one.sequence)"
            if !seen.insert([Int64(bitPattern: one.stream), one.number, one.sequence]).inserted {
                report(.movedTwice, "\(name) is there twice")
            }
            if one.number > rows.streams[one.stream] ?? -1 {
                report(.movedOutsideBatches, "\(name) is of a batch that its coordinator did not write")
            }
        }
        for account in rows.accounts {
            let mine = family(account.id)
            for (place, name, says) in [
                (1, "granted", account.granted), (2, "settled", account.settled),
                (3, "suspense", account.suspense), (4, "presumed spent", account.presumed),
                (7, "late", account.late),
            ] {
                let sum = rows.movements.reduce(Int128(0)) { sum, one in
                    guard mine.contains(one.account) else { return sum }
                    return sum + (one.target == place ? Int128(one.amount) : 0)
                        - (one.source == place ? Int128(one.amount) : 0)
                }
                if sum != Int128(says) {
                    report(
                        .unbalanced,
                        "account \(account.id), \(account.campaign): \(name) is \(says), by movements \(sum)")
                }
            }
        }
    }

    private struct Place: Hashable {
        var session: UInt64
        var account: Int64
    }

    /// What of a session's grant is neither back nor settled. Behind its fence, once all its nodes have said what they drew, that is
    /// no more than what they drew and have neither settled nor freed.
    private func open(
        _ cell: LedgerRows.Cell, _ leaves: [UInt64: Set<UInt64>], _ left: [Place: Int128], fenced: Set<UInt64>
    ) -> Int128 {
        let open = Int128(cell.granted) - Int128(cell.returned) - Int128(cell.settled)
        let mine = leaves[cell.session] ?? []
        guard fenced.contains(cell.session), cell.closedLeaves == Int64(mine.count) else { return open }
        let drawn = mine.reduce(Int128(0)) {
            $0 + (left[Place(session: $1, account: cell.account)] ?? 0)
        }
        return min(open, drawn)
    }

    private mutating func addUpSessions() {
        let leaves = Dictionary(grouping: rows.leaves, by: \.root).mapValues { Set($0.map(\.node)) }
        let fenced = Set(rows.sessions.filter(\.isFenced).map(\.session))
        var left: [Place: Int128] = [:]
        for cell in rows.leafCells where cell.isClosed {
            let rest =
                Int128(cell.drawn) - Int128(cell.freed) - Int128(cell.paid) - Int128(cell.claimed)
            left[Place(session: cell.node, account: cell.account)] = max(rest, 0)
        }
        for account in rows.accounts {
            let mine = family(account.id)
            let cells = rows.cells.filter { mine.contains($0.account) }
            let open = cells.reduce(Int128(0)) { $0 + self.open($1, leaves, left, fenced: fenced) }
            let out = Int128(account.granted) + Int128(account.suspense) + Int128(account.presumed)
            let settled = cells.reduce(Int128(0)) { $0 + Int128($1.settled) }
            if open != out || settled != Int128(account.settled) {
                report(
                    .sessionsDisagree,
                    "account \(account.id), \(account.campaign): out \(out), settled \(account.settled); its "
                        + "sessions have \(open) and \(settled)")
            }
        }
    }

    private mutating func addUpNodes() {
        let roots = Dictionary(rows.leaves.map { ($0.node, $0.root) }) { first, _ in first }
        var byNode: [Place: Int128] = [:]
        var byRoot: [Place: Int128] = [:]
        for block in rows.blocks {
            byNode[Place(session: block.node, account: block.account), default: 0] += Int128(block.paid)
        }
        for cell in rows.leafCells {
            let blocks = byNode[Place(session: cell.node, account: cell.account)] ?? 0
            if blocks != Int128(cell.paid) {
                report(
                    .nodesDisagree,
                    "node session \(cell.node), account \(cell.account): paid \(cell.paid), by settlements \(blocks)"
                )
            }
            byRoot[Place(session: roots[cell.node] ?? 0, account: cell.account), default: 0] +=
                Int128(cell.paid)
        }
        for claim in rows.claims where !claim.isMerged {
            byRoot[Place(session: roots[claim.key.session] ?? 0, account: claim.account), default: 0] +=
                Int128(claim.paid)
        }
        for cell in rows.cells {
            let nodes = byRoot[Place(session: cell.session, account: cell.account)] ?? 0
            if nodes != Int128(cell.settled) {
                report(
                    .nodesDisagree,
                    "session \(cell.session), account \(cell.account): settled \(cell.settled), its nodes \(nodes)"
                )
            }
        }
    }

    // MARK: Two readings

    private mutating func compare(with earlier: LedgerRows) {
        struct Place: Hashable {
            var node: UInt64
            var account: Int64
            var shard: UInt32
            var number: Int64
        }
        func place(_ block: LedgerRows.Block) -> Place {
            Place(node: block.node, account: block.account, shard: block.shard, number: block.number)
        }
        let now = Dictionary(rows.blocks.map { (place($0), $0) }) { first, _ in first }
        for block in earlier.blocks {
            let later = now[place(block)]
            if block.mask & ~(later?.mask ?? 0) != 0 || (later?.paid ?? 0) < block.paid {
                report(
                    .settlementVanished,
                    "block \(block.number) of \(block.node)/\(block.shard), account \(block.account), had more"
                )
            }
        }
    }
}
