// The request's own fields, and what holds of it as a whole.
internal import JSON
internal import Units

extension RequestStorage {
    /// Fills the storage, or says why not; what it holds after a refusal means nothing.
    mutating func read(_ root: JSONValue, of source: RawSpan) throws(Refused) {
        clear()
        byteCount = source.byteCount
        unsafe source.withUnsafeBytes { buffer in
            if let start = buffer.baseAddress { unsafe bytes = start }
        }
        var fields = try fields(of: root)
        var imps = Run<Imp>()
        while let field = fields.next() {
            let value = field.value
            if value.isNull { continue }
            switch field.key {
            case "imp": imps = try self.imps(value)
            case "id": values.id = try identifier(value)
            case "device": values.device = try device(value)
            case "user": values.user = try user(value)
            case "app": try inventory(value, .app)
            case "site": try inventory(value, .site)
            case "dooh": try inventory(value, .dooh)
            case "regs": values.regs = try regs(value)
            case "source": values.source = try self.source(value)
            case "tmax": values.tmax = try integer(value, Sensible.milliseconds)
            case "at": values.at = try code(value, .auctionTypes)
            case "cur": values.cur = try currencies(value)
            case "bcat": values.bcat = try texts(value)
            case "badv": values.badv = try texts(value)
            case "bapp": values.bapp = try texts(value)
            case "wseat": values.wseat = try texts(value)
            case "bseat": values.bseat = try texts(value)
            case "acat": values.acat = try texts(value)
            case "cattax": values.cattax = try integer(value, Sensible.code)
            case "wlang": values.wlang = try texts(value)
            case "wlangb": values.wlangb = try texts(value)
            case "test": values.test = try flag(value)
            case "allimps": values.allimps = try flag(value)
            case "ext": values.ext = try ext(value)
            default: break
            }
        }
        guard !values.id.isEmpty else { throw Refused(root, lacks: "id", "a string that is not empty") }
        guard !imps.isEmpty else { throw Refused(root, lacks: "imp", "at least one impression") }
        values.imps = imps
        try groupPods(of: root)
    }

    private mutating func inventory(_ value: JSONValue, _ kind: Inventory.Kind) throws(Refused) {
        guard values.inventory.kind == .unknown || values.inventory.kind == kind else {
            throw Refused(value, "a second one of site, app and dooh", "one of site, app and dooh")
        }
        values.inventory = try inventory(value)
        values.inventory.kind = kind
    }

    private mutating func regs(_ value: JSONValue) throws(Refused) -> Regs {
        var regs = Regs()
        // Before 2.6 these stood in `ext`. Where both speak, the newer place holds, whatever their order.
        var older = Regs()
        var fields = try fields(of: value)
        while let field = fields.next() {
            if field.value.isNull { continue }
            if field.key == "ext" {
                regs.ext = try ext(field.value)
                var inner = try self.fields(of: field.value)
                while let field = inner.next() {
                    if !field.value.isNull { try read(field, into: &older) }
                }
            } else if field.key == "coppa" {
                regs.coppa = try flag(field.value)
            } else {
                try read(field, into: &regs)
            }
        }
        if regs.gdpr == nil { regs.gdpr = older.gdpr }
        if regs.usPrivacy.isEmpty { regs.usPrivacy = older.usPrivacy }
        if regs.gpp.isEmpty { regs.gpp = older.gpp }
        if regs.gppSid.isEmpty { regs.gppSid = older.gppSid }
        return regs
    }

    private mutating func read(_ field: JSONField, into regs: inout Regs) throws(Refused) {
        switch field.key {
        case "gdpr": regs.gdpr = try flag(field.value)
        case "us_privacy": regs.usPrivacy = try text(field.value)
        case "gpp": regs.gpp = try text(field.value)
        case "gpp_sid": regs.gppSid = try integers(field.value, Sensible.podCode)
        default: break
        }
    }

    private mutating func source(_ value: JSONValue) throws(Refused) -> Source {
        var source = Source()
        var older: SupplyChain?
        var fields = try fields(of: value)
        while let field = fields.next() {
            let value = field.value
            if value.isNull { continue }
            switch field.key {
            case "fd": source.fd = try flag(value)
            case "tid": source.tid = try text(value)
            case "pchain": source.pchain = try text(value)
            case "schain": source.schain = try supplyChain(value)
            case "ext":
                source.ext = try ext(value)
                if let chain = try self.fields(of: value).last("schain"), !chain.isNull {
                    older = try supplyChain(chain)
                }
            default: break
            }
        }
        if source.schain == nil { source.schain = older }
        return source
    }

    private mutating func supplyChain(_ value: JSONValue) throws(Refused) -> SupplyChain {
        var chain = SupplyChain()
        var fields = try fields(of: value)
        while let field = fields.next() {
            let value = field.value
            if value.isNull { continue }
            switch field.key {
            case "complete": chain.complete = try flag(value)
            case "ver": chain.ver = try text(value)
            case "nodes":
                var elements = try elements(of: value)
                let start = nodes.count
                while let element = elements.next() {
                    guard nodes.append(try node(element)) else {
                        throw Refused(element, .atMost(nodes.capacity, "parties of the supply chain"))
                    }
                }
                chain.nodes = Run(from: start, to: nodes.count)
            default: break
            }
        }
        return chain
    }

    private mutating func node(_ value: JSONValue) throws(Refused) -> SupplyChainNode {
        var node = SupplyChainNode()
        var fields = try fields(of: value)
        while let field = fields.next() {
            let value = field.value
            if value.isNull { continue }
            switch field.key {
            case "asi": node.asi = try text(value)
            case "sid": node.sid = try text(value)
            case "rid": node.rid = try text(value)
            case "name": node.name = try text(value)
            case "domain": node.domain = try text(value)
            case "hp": node.hp = try flag(value)
            default: break
            }
        }
        return node
    }
}
