// What holders say to an issuer and hear from it, version 1: one JSON object for each message and each answer.
internal import Documents
public import Ledger
public import Serving
internal import Units

struct HolderMessages {
    static let version: UInt32 = 1
    /// As many as one transaction takes.
    static let most = 2_048
    /// As many as a root may have.
    private static let accountsMost = 4_096

    let holder: HolderNumber
    let issuer: any MoneyIssuer

    func command(_ tree: JSONTree, at place: String) throws(Malformed) -> RootCommand {
        let message = try Fields(tree, at: place)
        guard message.count == 1, let (name, value) = message.first else {
            throw Malformed(place: place, allowed: "one of \(Self.names)")
        }
        let fields = try Fields(value, at: "\(place).\(name)")
        switch name {
        case "open":
            return .open(
                start: try fields.bits("start") & UInt64(Int64.max), holder,
                candidate: issuer.candidate(holder)
            )
        case "find":
            return .find(
                AccountName(campaign: try fields.text("campaign"), day: try fields.day("day")),
                fields.has("currency") ? try fields.currency("currency") : nil)
        case "renew":
            return said(
                .renewalAsked(
                    try session(fields),
                    RenewalChain.Request(
                        id: try fields.bits("request"), nonce: try fields.bits("nonce"),
                        sentAt: Instant(nanoseconds: 0)), next: issuer.nonce()))
        case "request":
            return said(.requested(try session(fields), try account(fields), upTo: try fields.amount("upTo")))
        case "return":
            return said(.returned(try session(fields), try account(fields), try fields.amount("sum")))
        case "register": return said(.leafRegistered(try leaf(fields)))
        case "settle":
            let block = SettlementBlock(
                account: try account(fields), shard: try fields.number("shard", 0...65_535),
                number: try fields.number("block", 0...UInt32.max), mask: try fields.bits("mask"),
                paid: try fields.amount("paid"), late: try fields.amount("late"))
            return said(.settled(try leaf(fields), block))
        case "claim":
            let leaf = try leaf(fields)
            let key = ReservationKey(
                session: leaf.node, shard: try fields.number("shard", 0...65_535),
                sequence: try fields.bits("sequence"))
            return said(
                .claimed(
                    leaf,
                    Claim(
                        key: key, account: try account(fields), currency: try fields.currency("currency"),
                        reserved: try fields.amount("reserved"), amount: try fields.amount("amount"))))
        case "close":
            return said(
                .closed(
                    try leaf(fields),
                    Closing(
                        account: try account(fields), drawn: try fields.amount("drawn"),
                        freed: try fields.amount("freed"))))
        case "end":
            return said(.ended(try leaf(fields), accounts: try accounts(fields)))
        case "look": return .look
        case "present": return .present(try PresentationWire.read(fields, issuer.candidate(holder)), holder)
        case "presented": return .presented(mark: try PresentationWire.mark(fields), holder)
        default: throw Malformed(place: place, allowed: "one of \(Self.names)")
        }
    }

    private static let names =
        "open, renew, request, return, register, settle, claim, close, end, find, look, "
        + "present, presented"

    private func said(_ event: BookEvent) -> RootCommand { .book(event, by: holder) }

    private func session(_ fields: Fields) throws(Malformed) -> LedgerSession {
        LedgerSession(try fields.bits("session"))
    }

    private func leaf(_ fields: Fields) throws(Malformed) -> LeafKey {
        LeafKey(root: try session(fields), node: LedgerSession(try fields.bits("node")))
    }

    /// Any number: what is no account is refused by the book, by name.
    private func account(_ fields: Fields) throws(Malformed) -> AccountIndex {
        AccountIndex(try fields.number("account", 0...UInt32(Int32.max)))
    }

    private func accounts(_ fields: Fields) throws(Malformed) -> [AccountIndex] {
        let allowed = "a list of at most \(Self.accountsMost) numbers of accounts"
        guard case .array(let list) = try fields.tree("accounts", allowed).content,
            list.count <= Self.accountsMost
        else { throw Malformed(place: "\(fields.place).accounts", allowed: allowed) }
        return try list.map { tree throws(Malformed) in
            guard case .number(let text) = tree.content, let number = UInt32(text) else {
                throw Malformed(place: "\(fields.place).accounts", allowed: allowed)
            }
            return AccountIndex(number)
        }
    }

    // MARK: Answers

    func tree(_ answer: RootAnswer) -> JSONTree {
        switch answer {
        case .opened(let session, let epoch):
            return [["opened": ["session": text(session), "epoch": .string("\(epoch.rawValue)")]]]
        case .book(let effects): return .array(effects.compactMap(tree))
        case .found(let account, let currency, let highest):
            return [
                [
                    "found": [
                        "account": .number(account.rawValue), "currency": .string("\(currency)"),
                        "highest": amount(highest),
                    ]
                ]
            ]
        case .notFound(let reason): return [["refused": ["reason": .string("\(reason)")]]]
        case .leased(let session, let request, let length, let next):
            return [
                [
                    "leased": [
                        "session": text(session), "request": .string("\(request)"),
                        "nonce": .string("\(next)"), "milliseconds": .number(length.wholeMilliseconds),
                    ]
                ]
            ]
        case .taken: return [["taken": [:]]]
        case .telling(let answer, let effects):
            guard case .array(let words) = tree(answer).content else { return tree(answer) }
            return .array(effects.compactMap(tree) + words)
        case .presented(let mark): return [["presented": ["audit": .string("\(mark)")]]]
        case .refused(let reason, let session):
            return [["refused": ["session": text(session), "reason": .string(reason.rawValue)]]]
        case .ordered, .refusedOrder, .entered, .refusedEntry, .auditBegan: return []
        }
    }

    private func tree(_ effect: BookEffect) -> JSONTree? {
        switch effect {
        case .opened(let session, _): return ["opened": ["session": text(session)]]
        case .registered(let key): return ["registered": leaf(key, [])]
        case .grant(let session, let account, let upTo, let isLast):
            return [
                "granted": [
                    "session": text(session), "account": .number(account.rawValue), "upTo": amount(upTo),
                    "isLast": .bool(isLast),
                ]
            ]
        case .acknowledgeReturn(let session, let account, let sum):
            return [
                "returned": [
                    "session": text(session), "account": .number(account.rawValue), "sum": amount(sum),
                ]
            ]
        case .acknowledgeBlock(let key, let block):
            return [
                "settled": leaf(
                    key,
                    [
                        .init("account", .number(block.account.rawValue)),
                        .init("shard", .number(block.shard)),
                        .init("block", .number(block.number)), .init("mask", .string("\(block.mask)")),
                    ])
            ]
        case .acknowledgeClosing(let key, let closing):
            return ["closed": leaf(key, [.init("account", .number(closing.account.rawValue))])]
        case .acknowledgeEnd(let key): return ["ended": leaf(key, [])]
        case .acknowledgeClaim(let key, let reservation):
            return ["claimed": leaf(key, reservationMembers(reservation))]
        case .forwardClaim(let key, let claim):
            return [
                "forward": leaf(
                    key,
                    reservationMembers(claim.key) + [
                        .init("account", .number(claim.account.rawValue)),
                        .init("currency", .string("\(claim.currency)")),
                        .init("reserved", amount(claim.reserved)),
                        .init("amount", amount(claim.amount)),
                    ])
            ]
        case .fenceClone(let session): return ["refused": ["session": text(session), "reason": "cloned"]]
        case .refuse(let reason, let session):
            return ["refused": ["session": text(session), "reason": .string("\(reason)")]]
        // Who gives leases says how long they are.
        case .renew, .alarm, .move: return nil
        }
    }

    private func reservationMembers(_ key: ReservationKey) -> [JSONTree.Member] {
        [.init("shard", .number(key.shard)), .init("sequence", .string("\(key.sequence)"))]
    }

    private func leaf(_ key: LeafKey, _ more: [JSONTree.Member]) -> JSONTree {
        .object([.init("session", text(key.root)), .init("node", text(key.node))] + more)
    }

    private func text(_ session: LedgerSession) -> JSONTree { .string("\(session.rawValue)") }
    private func amount(_ amount: Micros) -> JSONTree { JSONTree(.number(amount.description)) }
}

extension Fields {
    /// Nil where there is none.
    public func day(_ key: String) throws(Malformed) -> BudgetDay? {
        guard has(key) else { return nil }
        guard let day = BudgetDay(date: try text(key, most: 10)) else {
            throw Malformed(
                place: place.isEmpty ? key : "\(place).\(key)", allowed: "a date such as \"2026-11-28\"")
        }
        return day
    }
}
