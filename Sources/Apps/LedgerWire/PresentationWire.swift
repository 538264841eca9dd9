// What an audit asks and hears, as members of `POST /v1/ledger`, from both sides. One that knows of no audits leaves them out.
internal import Documents
internal import Ledger
internal import Serving
internal import Units

enum PresentationWire {
    // MARK: Asking

    static func tree(_ call: AuditCall) -> JSONTree {
        ["mark": .string("\(call.mark)"), "isAsked": .bool(call.isAsked)]
    }

    static func call(_ fields: Fields) throws(Malformed) -> AuditCall? {
        guard fields.has("audit") else { return nil }
        let call = try Fields(try fields.tree("audit", "what is asked of this holder"), at: "audit")
        return AuditCall(mark: try mark(call, "mark"), isAsked: try call.flag("isAsked"))
    }

    static func mark(_ fields: Fields, _ key: String = "audit") throws(Malformed) -> UInt32 {
        guard let mark = UInt32(exactly: try fields.bits(key)) else {
            throw Malformed(place: "\(fields.place).\(key)", allowed: "a number of 32 bits as a text")
        }
        return mark
    }

    // MARK: Presenting

    static func tree(_ said: HolderPresentation) -> JSONTree {
        var members: [JSONTree.Member] = [
            .init("audit", .string("\(said.mark)")), .init("start", IssuerWire.bits(said.start)),
        ]
        if let session = said.session { members.append(.init("session", IssuerWire.bits(session.rawValue))) }
        members.append(
            .init(
                "accounts",
                .array(
                    said.sums.map { sum in
                        var account: [JSONTree.Member] = [.init("campaign", .string(sum.name.campaign))]
                        if let day = sum.name.day { account.append(.init("day", .string(day.date))) }
                        return .object(
                            account + [
                                .init("account", .number(sum.number.rawValue)),
                                .init("currency", .string("\(sum.currency)")),
                                .init("granted", JSONTree(.number(sum.granted.description))),
                                .init("returned", JSONTree(.number(sum.returned.description))),
                            ])
                    })))
        members.append(.init("nodes", .array(said.nodes.map { IssuerWire.bits($0.rawValue) })))
        if let renewal = said.renewal {
            members.append(
                .init(
                    "renewal",
                    ["request": IssuerWire.bits(renewal.id), "nonce": IssuerWire.bits(renewal.nonce)]))
        }
        return .object(members)
    }

    static func read(
        _ fields: Fields, _ candidate: LedgerSession
    ) throws(Malformed) -> HolderPresentation {
        var sums: [HolderPresentation.Sum] = []
        for (index, one) in try fields.list("accounts").enumerated() {
            let sum = try Fields(one, at: "\(fields.place).accounts[\(index)]")
            sums.append(
                HolderPresentation.Sum(
                    AccountName(campaign: try sum.text("campaign"), day: try sum.day("day")),
                    number: AccountIndex(try sum.number("account", 0...UInt32(Int32.max))),
                    currency: try sum.currency("currency"), granted: try sum.amount("granted"),
                    returned: try sum.amount("returned")))
        }
        let nodes = try fields.list("nodes").map { tree throws(Malformed) in
            guard case .string(let text) = tree.content, let number = UInt64(text) else {
                throw Malformed(
                    place: "\(fields.place).nodes", allowed: "a list of numbers of 64 bits as texts")
            }
            return LedgerSession(number)
        }
        var renewal: RenewalChain.Request?
        if fields.has("renewal") {
            let tree = try fields.tree("renewal", "the request and the nonce that it is on")
            let chain = try Fields(tree, at: "\(fields.place).renewal")
            renewal = RenewalChain.Request(
                id: try chain.bits("request"), nonce: try chain.bits("nonce"), sentAt: Instant(nanoseconds: 0)
            )
        }
        var said = HolderPresentation(
            mark: try mark(fields),
            session: fields.has("session") ? LedgerSession(try fields.bits("session")) : nil,
            start: try fields.bits("start") & UInt64(Int64.max), sums: sums, nodes: nodes, renewal: renewal)
        said.candidate = candidate
        return said
    }
}
