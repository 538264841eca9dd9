// The user, the device and their places.
internal import JSON
internal import Units

extension RequestStorage {
    mutating func user(_ value: JSONValue) throws(Refused) -> User {
        var user = User()
        // Before 2.6 these two stood in `ext`. Where both speak, the newer place holds.
        var older = User()
        var fields = try fields(of: value)
        while let field = fields.next() {
            let value = field.value
            if value.isNull { continue }
            switch field.key {
            case "id": user.id = try text(value)
            case "buyeruid": user.buyeruid = try text(value)
            case "consent": user.consent = try text(value)
            case "eids": user.eids = try extendedIDs(value)
            case "ext":
                user.ext = try ext(value)
                var inner = try self.fields(of: value)
                while let field = inner.next() {
                    if field.value.isNull { continue }
                    switch field.key {
                    case "consent": older.consent = try text(field.value)
                    case "eids": older.eids = try extendedIDs(field.value)
                    default: break
                    }
                }
            case "geo": user.geo = try geo(value)
            case "data": user.data = try dataSources(value)
            case "keywords": user.keywords = try text(value)
            case "kwarray": user.kwarray = try texts(value)
            case "customdata": user.customdata = try text(value)
            default: break
            }
        }
        if user.consent.isEmpty { user.consent = older.consent }
        if user.eids.isEmpty { user.eids = older.eids }
        return user
    }

    private mutating func extendedIDs(_ value: JSONValue) throws(Refused) -> Run<ExtendedID> {
        var elements = try elements(of: value)
        let start = extendedIDs.count
        while let element = elements.next() {
            guard extendedIDs.append(try extendedID(element)) else {
                throw Refused(element, .atMost(extendedIDs.capacity, "sources of identifiers"))
            }
        }
        return Run(from: start, to: extendedIDs.count)
    }

    private mutating func extendedID(_ value: JSONValue) throws(Refused) -> ExtendedID {
        var extended = ExtendedID()
        var fields = try fields(of: value)
        while let field = fields.next() {
            let value = field.value
            if value.isNull { continue }
            switch field.key {
            case "source": extended.source = try text(value)
            case "uids":
                var elements = try elements(of: value)
                let start = userIDs.count
                while let element = elements.next() {
                    guard userIDs.append(try userID(element)) else {
                        throw Refused(element, .atMost(userIDs.capacity, "identifiers of the user"))
                    }
                }
                extended.uids = Run(from: start, to: userIDs.count)
            case "inserter": extended.inserter = try text(value)
            case "matcher": extended.matcher = try text(value)
            case "mm": extended.mm = try integer(value, Sensible.code)
            default: break
            }
        }
        return extended
    }

    private mutating func userID(_ value: JSONValue) throws(Refused) -> UserID {
        var uid = UserID()
        var fields = try fields(of: value)
        while let field = fields.next() {
            let value = field.value
            if value.isNull { continue }
            switch field.key {
            case "id": uid.id = try text(value)
            case "atype": uid.atype = try integer(value, Sensible.code)
            default: break
            }
        }
        return uid
    }

    mutating func dataSources(_ value: JSONValue) throws(Refused) -> Run<DataSource> {
        var elements = try elements(of: value)
        let start = dataSources.count
        while let element = elements.next() {
            guard dataSources.append(try dataSource(element)) else {
                throw Refused(element, .atMost(dataSources.capacity, "data sources"))
            }
        }
        return Run(from: start, to: dataSources.count)
    }

    private mutating func dataSource(_ value: JSONValue) throws(Refused) -> DataSource {
        var data = DataSource()
        var fields = try fields(of: value)
        while let field = fields.next() {
            let value = field.value
            if value.isNull { continue }
            switch field.key {
            case "id": data.id = try text(value)
            case "name": data.name = try text(value)
            case "cids": data.cids = try texts(value)
            case "segment":
                var elements = try elements(of: value)
                let start = segments.count
                while let element = elements.next() {
                    guard segments.append(try segment(element)) else {
                        throw Refused(element, .atMost(segments.capacity, "segments"))
                    }
                }
                data.segment = Run(from: start, to: segments.count)
            case "ext": data.ext = try ext(value)
            default: break
            }
        }
        return data
    }

    private mutating func segment(_ value: JSONValue) throws(Refused) -> Segment {
        var segment = Segment()
        var fields = try fields(of: value)
        while let field = fields.next() {
            let value = field.value
            if value.isNull { continue }
            switch field.key {
            case "id": segment.id = try text(value)
            case "name": segment.name = try text(value)
            case "value": segment.value = try text(value)
            default: break
            }
        }
        return segment
    }

    mutating func device(_ value: JSONValue) throws(Refused) -> Device {
        var device = Device()
        var fields = try fields(of: value)
        while let field = fields.next() {
            let value = field.value
            if value.isNull { continue }
            switch field.key {
            case "ua": device.ua = try text(value)
            case "ip": device.ip = try address(value, .v4)
            case "geo": device.geo = try geo(value)
            case "ifa": device.ifa = try text(value)
            case "os": device.os = try text(value)
            case "osv": device.osv = try text(value)
            case "make": device.make = try text(value)
            case "model": device.model = try text(value)
            case "devicetype": device.devicetype = try integer(value, Sensible.code)
            case "lmt": device.lmt = try flag(value)
            case "dnt": device.dnt = try flag(value)
            case "language": device.language = try text(value)
            case "w": device.w = try integer(value, Sensible.pixels)
            case "h": device.h = try integer(value, Sensible.pixels)
            case "js": device.js = try flag(value)
            case "connectiontype": device.connectiontype = try integer(value, Sensible.code)
            case "ipv6": device.ipv6 = try address(value, .v6)
            case "sua": device.sua = try ext(value)
            case "hwv": device.hwv = try text(value)
            case "carrier": device.carrier = try text(value)
            case "mccmnc": device.mccmnc = try text(value)
            case "langb": device.langb = try text(value)
            case "ppi": device.ppi = try integer(value, Sensible.pixels)
            case "pxratio": device.pxratio = try number(value, 0...1_000)
            case "geofetch": device.geofetch = try flag(value)
            case "ext": device.ext = try ext(value)
            default: break
            }
        }
        return device
    }

    private mutating func geo(_ value: JSONValue) throws(Refused) -> Geo {
        var geo = Geo()
        var fields = try fields(of: value)
        while let field = fields.next() {
            let value = field.value
            if value.isNull { continue }
            switch field.key {
            case "lat": geo.lat = try number(value, -90...90)
            case "lon": geo.lon = try number(value, -180...180)
            case "country": geo.country = try text(value)
            case "region": geo.region = try text(value)
            case "metro": geo.metro = try text(value)
            case "city": geo.city = try text(value)
            case "zip": geo.zip = try text(value)
            case "type": geo.type = try integer(value, Sensible.code)
            case "utcoffset": geo.utcoffset = try integer(value, Sensible.minutesFromUTC)
            case "accuracy": geo.accuracy = try integer(value, Sensible.count)
            case "lastfix": geo.lastfix = try integer(value, Sensible.count)
            case "ipservice": geo.ipservice = try integer(value, Sensible.code)
            case "ext": geo.ext = try ext(value)
            default: break
            }
        }
        return geo
    }
}
