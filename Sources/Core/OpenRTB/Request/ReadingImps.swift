// Impressions, and what each offers besides video and audio.
internal import JSON
internal import Units

extension RequestStorage {
    mutating func imps(_ value: JSONValue) throws(Refused) -> Run<Imp> {
        var elements = try elements(of: value)
        let start = imps.count
        while let element = elements.next() {
            let imp = try imp(element)
            // Compared one by one: there are few, and texts of different lengths cost nothing.
            for other in start..<imps.count where areEqual(imps[other].id, imp.id) {
                throw Refused(element, "an id that an earlier imp has", "an id of its own for each imp")
            }
            guard imps.append(imp) else { throw Refused(element, .atMost(imps.capacity, "impressions")) }
        }
        guard imps.count > start else { throw Refused(value, .words("at least one impression")) }
        return Run(from: start, to: imps.count)
    }

    mutating func areEqual(_ a: Text, _ b: Text) -> Bool {
        guard a.byteCount == b.byteCount else { return false }
        let (a, b) = (bytes(of: a), bytes(of: b))
        for index in a.indices where a[index] != b[index] { return false }
        return true
    }

    private mutating func imp(_ value: JSONValue) throws(Refused) -> Imp {
        var imp = Imp()
        var fields = try fields(of: value)
        while let field = fields.next() {
            let value = field.value
            if value.isNull { continue }
            switch field.key {
            case "id": imp.id = try identifier(value)
            case "video": imp.video = try audioVideo(value, .video)
            case "bidfloor": imp.bidfloor = try price(value)
            case "bidfloorcur": imp.bidfloorcur = try currency(value)
            case "tagid": imp.tagid = try text(value)
            case "secure": imp.secure = try flag(value)
            case "pmp": try pmp(value, of: &imp)
            case "ext": imp.ext = try ext(value)
            case "banner": imp.banner = try banner(value)
            case "audio": imp.audio = try audioVideo(value, .audio)
            case "native": imp.native = try ext(value)
            case "instl": imp.instl = try flag(value)
            case "exp": imp.exp = try integer(value, Sensible.count)
            case "rwdd": imp.rwdd = try flag(value)
            case "ssai": imp.ssai = try integer(value, Sensible.code)
            default: break
            }
        }
        guard !imp.id.isEmpty else { throw Refused(value, lacks: "id", "a string that is not empty") }
        guard imp.video != nil || imp.banner != nil || imp.audio != nil || !imp.native.isEmpty else {
            throw Refused(
                value, "none of video, audio, banner and native", "at least one of them in each imp")
        }
        return imp
    }

    private mutating func pmp(_ value: JSONValue, of imp: inout Imp) throws(Refused) {
        imp.privateAuction = false
        imp.deals = Run()
        var fields = try fields(of: value)
        while let field = fields.next() {
            let value = field.value
            if value.isNull { continue }
            switch field.key {
            case "private_auction": imp.privateAuction = try flag(value)
            case "deals":
                var elements = try elements(of: value)
                let start = deals.count
                while let element = elements.next() {
                    guard deals.append(try deal(element)) else {
                        throw Refused(element, .atMost(deals.capacity, "deals"))
                    }
                }
                imp.deals = Run(from: start, to: deals.count)
            default: break
            }
        }
    }

    private mutating func deal(_ value: JSONValue) throws(Refused) -> Deal {
        var deal = Deal()
        var fields = try fields(of: value)
        while let field = fields.next() {
            let value = field.value
            if value.isNull { continue }
            switch field.key {
            case "id": deal.id = try identifier(value)
            case "bidfloor": deal.bidfloor = try price(value)
            case "bidfloorcur": deal.bidfloorcur = try currency(value)
            case "at": deal.at = try code(value, .dealAuctionTypes)
            case "wseat": deal.wseat = try texts(value)
            case "wadomain": deal.wadomain = try texts(value)
            case "guar": deal.guar = try flag(value)
            case "mincpmpersec": deal.mincpmpersec = try price(value)
            case "durfloors": deal.durfloors = try durationFloors(value)
            case "ext": deal.ext = try ext(value)
            default: break
            }
        }
        guard !deal.id.isEmpty else { throw Refused(value, lacks: "id", "a string that is not empty") }
        return deal
    }

    mutating func durationFloors(_ value: JSONValue) throws(Refused) -> Run<DurationFloor> {
        var elements = try elements(of: value)
        let start = durationFloors.count
        while let element = elements.next() {
            guard durationFloors.append(try durationFloor(element)) else {
                throw Refused(element, .atMost(durationFloors.capacity, "floors by duration"))
            }
        }
        return Run(from: start, to: durationFloors.count)
    }

    private mutating func durationFloor(_ value: JSONValue) throws(Refused) -> DurationFloor {
        var floor = DurationFloor()
        var isBounded = false
        var fields = try fields(of: value)
        while let field = fields.next() {
            let value = field.value
            if value.isNull { continue }
            switch field.key {
            case "mindur":
                floor.mindur = try integer(value, Sensible.seconds)
                isBounded = true
            case "maxdur":
                floor.maxdur = try integer(value, Sensible.seconds)
                isBounded = true
            case "bidfloor": floor.bidfloor = try price(value)
            default: break
            }
        }
        guard isBounded else { throw Refused(value, "neither mindur nor maxdur", "at least one of them") }
        guard floor.mindur <= floor.maxdur else {
            throw Refused(value, "mindur above maxdur", "mindur up to maxdur")
        }
        return floor
    }

    mutating func banner(_ value: JSONValue) throws(Refused) -> Banner {
        var banner = Banner()
        var fields = try fields(of: value)
        while let field = fields.next() {
            let value = field.value
            if value.isNull { continue }
            switch field.key {
            case "w": banner.w = try integer(value, Sensible.pixels)
            case "h": banner.h = try integer(value, Sensible.pixels)
            case "format": banner.format = try formats(value)
            case "id": banner.id = try text(value)
            case "btype": banner.btype = try integers(value, Sensible.code)
            case "battr": banner.battr = try integers(value, Sensible.code)
            case "pos": banner.pos = try integer(value, Sensible.code)
            case "mimes": banner.mimes = try texts(value)
            case "topframe": banner.topframe = try flag(value)
            case "expdir": banner.expdir = try integers(value, Sensible.code)
            case "api": banner.api = try integers(value, Sensible.code)
            case "vcm": banner.vcm = try integer(value, Sensible.code)
            case "ext": banner.ext = try ext(value)
            default: break
            }
        }
        return banner
    }

    private mutating func formats(_ value: JSONValue) throws(Refused) -> Run<Format> {
        var elements = try elements(of: value)
        let start = formats.count
        while let element = elements.next() {
            guard formats.append(try format(element)) else {
                throw Refused(element, .atMost(formats.capacity, "formats of banners"))
            }
        }
        return Run(from: start, to: formats.count)
    }

    private mutating func format(_ value: JSONValue) throws(Refused) -> Format {
        var format = Format()
        var fields = try fields(of: value)
        while let field = fields.next() {
            let value = field.value
            if value.isNull { continue }
            switch field.key {
            case "w": format.w = try integer(value, Sensible.pixels)
            case "h": format.h = try integer(value, Sensible.pixels)
            case "wratio": format.wratio = try integer(value, Sensible.pixels)
            case "hratio": format.hratio = try integer(value, Sensible.pixels)
            case "wmin": format.wmin = try integer(value, Sensible.pixels)
            default: break
            }
        }
        return format
    }
}
