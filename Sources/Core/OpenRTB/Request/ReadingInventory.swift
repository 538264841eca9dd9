// Sites, apps and screens, their publishers and their content.
internal import JSON

extension RequestStorage {
    mutating func inventory(_ value: JSONValue) throws(Refused) -> Inventory {
        var inventory = Inventory()
        var fields = try fields(of: value)
        while let field = fields.next() {
            let value = field.value
            if value.isNull { continue }
            switch field.key {
            case "id": inventory.id = try text(value)
            case "name": inventory.name = try text(value)
            case "bundle": inventory.bundle = try text(value)
            case "domain": inventory.domain = try text(value)
            case "page": inventory.page = try text(value)
            case "cat": inventory.cat = try texts(value)
            case "publisher": inventory.publisher = try publisher(value)
            case "content": inventory.content = try content(value)
            case "storeurl": inventory.storeurl = try text(value)
            case "ver": inventory.ver = try text(value)
            case "cattax": inventory.cattax = try integer(value, Sensible.code)
            case "sectioncat": inventory.sectioncat = try texts(value)
            case "pagecat": inventory.pagecat = try texts(value)
            case "ref": inventory.ref = try text(value)
            case "search": inventory.search = try text(value)
            case "mobile": inventory.mobile = try flag(value)
            case "paid": inventory.paid = try flag(value)
            case "privacypolicy": inventory.privacypolicy = try flag(value)
            case "keywords": inventory.keywords = try text(value)
            case "kwarray": inventory.kwarray = try texts(value)
            case "inventorypartnerdomain": inventory.inventorypartnerdomain = try text(value)
            case "venuetype": inventory.venuetype = try texts(value)
            case "venuetypetax": inventory.venuetypetax = try integer(value, Sensible.code)
            case "ext": inventory.ext = try ext(value)
            default: break
            }
        }
        return inventory
    }

    private mutating func publisher(_ value: JSONValue) throws(Refused) -> Publisher {
        var publisher = Publisher()
        var fields = try fields(of: value)
        while let field = fields.next() {
            let value = field.value
            if value.isNull { continue }
            switch field.key {
            case "id": publisher.id = try text(value)
            case "name": publisher.name = try text(value)
            case "domain": publisher.domain = try text(value)
            case "cattax": publisher.cattax = try integer(value, Sensible.code)
            case "cat": publisher.cat = try texts(value)
            case "ext": publisher.ext = try ext(value)
            default: break
            }
        }
        return publisher
    }

    private mutating func outlet(_ value: JSONValue) throws(Refused) -> Outlet {
        var outlet = Outlet()
        var fields = try fields(of: value)
        while let field = fields.next() {
            let value = field.value
            if value.isNull { continue }
            switch field.key {
            case "id": outlet.id = try text(value)
            case "name": outlet.name = try text(value)
            case "domain": outlet.domain = try text(value)
            default: break
            }
        }
        return outlet
    }

    private mutating func content(_ value: JSONValue) throws(Refused) -> Content {
        var content = Content()
        var fields = try fields(of: value)
        while let field = fields.next() {
            let value = field.value
            if value.isNull { continue }
            switch field.key {
            case "id": content.id = try text(value)
            case "title": content.title = try text(value)
            case "series": content.series = try text(value)
            case "season": content.season = try text(value)
            case "episode": content.episode = try integer(value, Sensible.count)
            case "genre": content.genre = try text(value)
            case "genres": content.genres = try texts(value)
            case "gtax": content.gtax = try integer(value, Sensible.code)
            case "cat": content.cat = try texts(value)
            case "cattax": content.cattax = try integer(value, Sensible.code)
            case "contentrating": content.contentrating = try text(value)
            case "language": content.language = try text(value)
            case "langb": content.langb = try text(value)
            case "livestream": content.livestream = try code(value, .livestreams)
            case "len": content.len = try integer(value, Sensible.count)
            case "network": content.network = try outlet(value)
            case "channel": content.channel = try outlet(value)
            case "producer": content.producer = try outlet(value)
            case "ext": content.ext = try ext(value)
            default: try rareField(field, of: &content)
            }
        }
        return content
    }

    private mutating func rareField(_ field: JSONField, of content: inout Content) throws(Refused) {
        let value = field.value
        switch field.key {
        case "artist": content.artist = try text(value)
        case "album": content.album = try text(value)
        case "isrc": content.isrc = try text(value)
        case "url": content.url = try text(value)
        case "prodq": content.prodq = try integer(value, Sensible.code)
        case "context": content.context = try integer(value, Sensible.code)
        case "userrating": content.userrating = try text(value)
        case "qagmediarating": content.qagmediarating = try integer(value, Sensible.code)
        case "keywords": content.keywords = try text(value)
        case "kwarray": content.kwarray = try texts(value)
        case "sourcerelationship": content.sourcerelationship = try flag(value)
        case "embeddable": content.embeddable = try flag(value)
        case "realtime": content.realtime = try integer(value, Sensible.code)
        case "firstbroadcast": content.firstbroadcast = try integer(value, Sensible.code)
        case "data": content.data = try dataSources(value)
        default: break
        }
    }
}
