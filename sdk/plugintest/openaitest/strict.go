package openaitest

import (
	"encoding/json"
	"errors"
	"fmt"
	"slices"
)

// checkSchema refuses a schema as a hosted provider does: one that is no
// object at its root and, in strict mode, one with an optional property, with
// properties beyond those named, or with a keyword outside the strict subset.
func checkSchema(raw json.RawMessage, strict bool) error {
	var root map[string]json.RawMessage
	if err := json.Unmarshal(raw, &root); err != nil {
		return fmt.Errorf("want an object: %w", err)
	}
	if !strict {
		return nil
	}
	if string(root["type"]) != `"object"` {
		return fmt.Errorf("schema must be a JSON Schema of 'type: \"object\"', got 'type: %s'", root["type"])
	}
	return checkStrict("()", raw, 0)
}

// loose are keywords that strict mode does not take.
var loose = [...]string{
	"allOf", "not", "if", "then", "else", "oneOf", "dependentRequired", "dependentSchemas", "patternProperties", "propertyNames",
	"minProperties", "maxProperties", "unevaluatedProperties", "unevaluatedItems", "contains", "minContains", "maxContains",
	"uniqueItems", "minLength", "maxLength", "prefixItems", "default",
}

func checkStrict(path string, raw json.RawMessage, depth int) error {
	if depth > deepest {
		return fmt.Errorf("in context=%s: nested too deeply", path)
	}
	var m map[string]json.RawMessage
	if err := json.Unmarshal(raw, &m); err != nil {
		return fmt.Errorf("in context=%s: want an object", path)
	}
	for _, k := range loose {
		if _, ok := m[k]; ok {
			return fmt.Errorf("in context=%s, '%s' is not permitted", path, k)
		}
	}
	if _, ok := m["properties"]; ok || firstType(m["type"]) == "object" {
		if err := checkObject(path, m); err != nil {
			return err
		}
	}
	for _, keyword := range []string{"properties", "$defs"} {
		fields, err := fieldsOf(m[keyword])
		if err != nil {
			return fmt.Errorf("in context=%s, %s: %w", path, keyword, err)
		}
		for _, f := range fields {
			if err := checkStrict(path+"."+f.name, f.value, depth+1); err != nil {
				return err
			}
		}
	}
	if items := m["items"]; items != nil {
		if err := checkStrict(path+".items", items, depth+1); err != nil {
			return err
		}
	}
	var any []json.RawMessage
	if raw := m["anyOf"]; raw != nil && json.Unmarshal(raw, &any) != nil {
		return fmt.Errorf("in context=%s, anyOf: want a list", path)
	}
	for _, x := range any {
		if err := checkStrict(path+".anyOf", x, depth+1); err != nil {
			return err
		}
	}
	return nil
}

func checkObject(path string, m map[string]json.RawMessage) error {
	if string(m["additionalProperties"]) != "false" {
		return fmt.Errorf("in context=%s, 'additionalProperties' is required to be supplied and to be false", path)
	}
	var required []string
	if raw := m["required"]; raw != nil && json.Unmarshal(raw, &required) != nil {
		return errors.New("'required' is not a list")
	}
	fields, err := fieldsOf(m["properties"])
	if err != nil {
		return err
	}
	for _, f := range fields {
		if !slices.Contains(required, f.name) {
			return fmt.Errorf("in context=%s, 'required' is required to be supplied and to be an array including every key in properties. Missing '%s'", path, f.name)
		}
	}
	return nil
}
