// The JSON Schema of a daemon's settings, for editors. Rules between fields are left to `check-config`.
public import Documents

extension Daemon {
    /// Draft 2020-12.
    public var jsonSchema: JSONTree {
        Shape.object(shape).jsonSchema(title: "Settings of paceline-\(rawValue)")
    }
}
